/** What runs that were killed have left behind: servers, namespaces and mounted disks. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { run } from './command.js'

/** In front of the names of namespaces, and of this process's end of its cable. */
export const networkPrefix = `gn${process.pid}`
/** In front of the names of folders. */
export const folderPrefix = `goethe-nemesis-${process.pid}-`

/** Their logs stay. */
export async function removeLeftovers(): Promise<void> {
  for (const line of (await run('ip', ['netns', 'list'])).split('\n')) {
    const [namespace = ''] = line.split(' ')
    if (!isLeft(/^gn(\d+)-/.exec(namespace))) continue
    const inside = await run('ip', ['netns', 'pids', namespace])
    for (const pid of inside.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL')
    await run('ip', ['netns', 'delete', namespace])
  }
  for (const line of (await readFile('/proc/mounts', 'utf8')).split('\n')) {
    const [, path = ''] = line.split(' ')
    if (!isLeft(/\/goethe-nemesis-(\d+)-/.exec(path))) continue
    await run('fsfreeze', ['--unfreeze', path]).catch(() => undefined)
    // It is gone once the last of those processes is.
    await run('umount', ['--lazy', path])
  }
}

/** Whether the process that has its number in a name is gone. */
function isLeft(named: RegExpExecArray | null): boolean {
  return named !== null && !existsSync(`/proc/${named[1]}`)
}
