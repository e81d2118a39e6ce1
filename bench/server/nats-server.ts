import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../src/run-command'

const folder = fileURLToPath(new URL('../peers/nats-server', import.meta.url))
const fetched = join(folder, 'usr', 'sbin', 'nats-server')

/** The release of Debian whose nats-server has `sync_interval`, which that of Debian 12 has not. */
const release = 'trixie'

/** What was fetched if there is any, else what the system has. */
export function natsServerPath(): string {
  return existsSync(fetched) ? fetched : 'nats-server'
}

export async function natsServerVersion(): Promise<string> {
  const text = await runCommand(natsServerPath(), ['--version'])
  return text.trim().replace(/^nats-server: v/, '')
}

/**
 * Without `sync_interval` (before 2.10) NATS cannot be told to acknowledge what is on the disk
 * only. So where the system's is older, this fetches that of the next release from the archive
 * that the system uses, and unpacks it below bench/peers; nothing of it is installed.
 */
export async function fetchNewerNats(report: (line: string) => void): Promise<void> {
  if (await hasSyncInterval()) return
  report(`Fetching nats-server of Debian ${release}, since that of this system has no fsync (once)`)
  const work = await mkdtemp(join(tmpdir(), 'goethe-bench-apt-'))
  try {
    await fetch(work)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function hasSyncInterval(): Promise<boolean> {
  const [major = 0, minor = 0] = (await natsServerVersion()).split('.').map(Number)
  return major > 2 || (major === 2 && minor >= 10)
}

async function fetch(work: string) {
  const sources = join(work, 'sources.list')
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await writeFile(sources, `deb [signed-by=${keys}] ${await archive()} ${release} main\n`)
  for (const path of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(work, path), { recursive: true })
  }
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['--option', option])
  await runCommand('apt-get', [...options, 'update'], work)
  await runCommand('apt-get', [...options, 'download', `nats-server/${release}`], work)
  const file = (await readdir(work)).find((name) => name.endsWith('.deb'))
  if (file === undefined) throw new Error('apt-get has downloaded nothing')
  await mkdir(folder, { recursive: true })
  await runCommand('dpkg-deb', ['--extract', join(work, file), folder])
}

/** Where this system has its packages of Debian from. */
async function archive(): Promise<string> {
  const what = ['Created-By: Packages', 'Origin: Debian', 'Component: main']
  const text = await runCommand('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...what])
  const uri = text.split('\n').find((line) => line !== '' && !line.includes('security'))
  if (uri === undefined) throw new Error('apt-get knows no archive of Debian')
  return uri
}
