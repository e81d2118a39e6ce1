/** Whether this machine can be several: namespaces of the network, disks in files, a compiler. */
import { randomBytes } from 'node:crypto'
import { hasEtcd } from '../../packages/cluster/tests-support/etcd-process.js'
import { tempFolder } from '../../packages/core/tests-support/temp-folder.js'
import { run } from './command.js'
import { Disk } from './disk.js'
import { NativeFaults } from './native-faults.js'

/** Resolves with undefined where it can, and otherwise with what is missing. */
export async function whatIsMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'Linux'
  if (process.getuid?.() !== 0) return 'root'
  if (!hasEtcd) return 'etcd (Debian: etcd-server)'
  return (await missingNetwork()) ?? (await missingDisk())
}

async function missingNetwork(): Promise<string | undefined> {
  const namespace = `goethe-${randomBytes(3).toString('hex')}`
  try {
    await run('ip', ['netns', 'add', namespace])
  } catch (error) {
    return `namespaces of the network (Debian: iproute2): ${String(error)}`
  }
  try {
    await run('ip', ['-n', namespace, 'link', 'add', 'bridge', 'type', 'bridge'])
    const table = `
table bridge cuts { chain forwarded { type filter hook forward priority 0; }; }
table netdev copies {
  chain copied { type filter hook ingress device "bridge" priority 0; dup to "bridge"; }
}
`
    await run('nsenter', [`--net=/run/netns/${namespace}`, 'nft', '-f', '-'], table)
    await run('tc', ['-n', namespace, 'qdisc', 'add', 'dev', 'bridge', 'root', 'htb'])
    return undefined
  } catch (error) {
    return `bridges, filters and queues (Debian: nftables, iproute2): ${String(error)}`
  } finally {
    await run('ip', ['netns', 'delete', namespace])
  }
}

async function missingDisk(): Promise<string | undefined> {
  await using folder = await tempFolder()
  try {
    const native = await NativeFaults.compile(folder.path)
    const disk = await Disk.create(folder.path, 'probe', native)
    try {
      await disk.losePower()
      await disk.unmount()
      await disk.mount()
    } finally {
      await disk.destroy()
    }
    return undefined
  } catch (error) {
    return `a C compiler (Debian: gcc, libc6-dev) and ext4 in a file: ${String(error)}`
  }
}
