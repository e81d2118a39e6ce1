import { readFile, stat } from 'node:fs/promises'

/** A process that has a file locked. */
export interface LockHolder {
  pid: number
  /** What it was started as; undefined where that is not to be known. */
  command: string | undefined
}

/** Who holds the lock on a file: known on Linux, undefined elsewhere and where nobody does. */
export async function lockHolderOf(path: string): Promise<LockHolder | undefined> {
  try {
    const { ino } = await stat(path)
    const pid = pidOf(await readFile('/proc/locks', 'utf8'), ino)
    return pid === undefined ? undefined : { pid, command: await commandOf(pid) }
  } catch {
    return undefined
  }
}

/** A line is `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`: process, device and inode. */
export function pidOf(locks: string, inode: number): number | undefined {
  for (const line of locks.split('\n')) {
    const [, pid, file] = /^\d+: \w+ +\w+ +WRITE (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? []
    if (file === String(inode) && Number(pid) > 0) return Number(pid)
  }
  return undefined
}

async function commandOf(pid: number): Promise<string | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    return words.join(' ').trim() || undefined
  } catch {
    return undefined
  }
}
