/**
 * What lies in a directory before a log is opened or made there, so that neither a log nor a member
 * of a cluster comes to lie among somebody's files, or the one in what is the other's.
 */
import { readdir } from 'node:fs/promises'
import { GoetheError } from '@goethe/core'

export type DirectoryContent =
  /** Nothing, or what an earlier start left behind before there was a log. */
  | { type: 'empty' }
  | { type: 'log' }
  /** Tables of a log whose file CURRENT, which names all others, is gone. */
  | { type: 'damaged-log' }
  | { type: 'member' }
  /** Neither, but this file or folder. */
  | { type: 'other'; name: string }

export async function contentOf(directory: string): Promise<DirectoryContent> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => !isAnybodys(name))
  if (names.includes('CURRENT')) return { type: 'log' }
  if (names.includes('journal') && names.includes('store')) return { type: 'member' }
  const other = names.find((name) => !isOfLog(name))
  if (other !== undefined) return { type: 'other', name: other }
  return names.some((name) => /\.(ldb|sst)$/.test(name))
    ? { type: 'damaged-log' }
    : { type: 'empty' }
}

/** Rejects with GOETHE_INVALID_STORE where no log of a single server may be opened or made. */
export async function checkLogDirectory(directory: string): Promise<void> {
  const content = await contentOf(directory)
  if (content.type === 'member') {
    throw invalid(
      `The directory ${directory} is that of a member of a cluster, and a log of its own would make ` +
        'it useless to that: start the member, or name another directory',
    )
  }
  if (content.type === 'other') throw foreign(directory, content.name, 'no log')
}

/** Rejects with GOETHE_INVALID_STORE where no member of a cluster may be opened or made. */
export async function checkMemberDirectory(directory: string): Promise<void> {
  const content = await contentOf(directory)
  if (content.type === 'log' || content.type === 'damaged-log') {
    throw invalid(
      `The directory ${directory} holds the log of a single server, which no member of a cluster ` +
        'takes over: name another directory, and import what `goethe export` gives of this log',
    )
  }
  const isBegun = content.type === 'other' && memberNames.has(content.name)
  if (content.type === 'other' && !isBegun) throw foreign(directory, content.name, 'no member')
}

/** Folders that a member makes one after the other. */
const memberNames: ReadonlySet<string> = new Set(['journal', 'store', 'incoming', 'outgoing'])

/** LevelDB's names, and the note of who has a log open. */
function isOfLog(name: string): boolean {
  return /^(LOCK|LOG|LOG\.old|lost|goethe\.pid|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/.test(name)
}

/** What the system keeps in any directory, at the root of a volume above all. */
function isAnybodys(name: string): boolean {
  return name.startsWith('.') || name === 'lost+found'
}

function foreign(directory: string, name: string, what: string): GoetheError {
  return invalid(
    `The directory ${directory} holds other files, such as ${name}, and ${what}: name one that is ` +
      'empty or not there yet',
  )
}

function invalid(message: string): GoetheError {
  return new GoetheError('GOETHE_INVALID_STORE', message)
}
