/**
 * Which process has a log open. LevelDB's lock decides that alone; a file beside it only tells whom
 * to look for, so it does not matter when it is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

interface Holder {
  pid: number
  host: string
  startedAt: string
}

/** LevelDB takes no notice of files whose names it does not know. */
const fileName = 'goethe.pid'

/** Notes that this process has the log in a directory open. A note that fails is none. */
export async function noteHolder(directory: string): Promise<void> {
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString()
  const holder: Holder = { pid: process.pid, host: hostname(), startedAt }
  await writeFile(join(directory, fileName), `${JSON.stringify(holder)}\n`).catch(() => undefined)
}

/** Who probably has the log in a directory open, to go on from "is open already"; may be empty. */
export async function describeHolder(directory: string): Promise<string> {
  const holder = await readHolder(directory)
  if (holder === undefined) return ''
  const { pid, host, startedAt } = holder
  if (host !== hostname()) return `, probably by process ${pid} on ${host}, started ${startedAt}`
  if (pid === process.pid) return ` by this very process (${pid})`
  if (!isAlive(pid)) return ''
  const command = await commandOf(pid)
  const named = command === undefined ? '' : ` (${command})`
  return ` by process ${pid}${named}, started ${startedAt}`
}

async function readHolder(directory: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(join(directory, fileName), 'utf8')) as Partial<Holder>
    const { pid, host, startedAt } = holder
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
    if (typeof host !== 'string') return undefined
    return { pid, host, startedAt: String(startedAt) }
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const commandLengthMax = 120

/** Linux tells the command of a process; elsewhere the number has to do. */
async function commandOf(pid: number): Promise<string | undefined> {
  try {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const command = words
      .replaceAll('\0', ' ')
      .replaceAll(/[\u0000-\u001f\u007f]/g, '')
      .trim()
    if (command === '') return undefined
    return command.length > commandLengthMax ? `${command.slice(0, commandLengthMax)}…` : command
  } catch {
    return undefined
  }
}
