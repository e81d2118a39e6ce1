/**
 * One log at a time on a database, or on a sublevel of it. The claim hangs on the database itself,
 * so that it holds between all copies of this package in a process.
 */
import type { Database } from './database.js'
import { GoetheError } from './errors.js'

/** Marks a root database with the prefixes of the logs that are open on it. */
const openLogs = Symbol.for('@goethe/core/open-logs')

/** Throws GOETHE_LOCKED when a log is open there already. */
export function claim(root: Database, prefix: string): void {
  const open = claims(root)
  if (open.has(prefix)) {
    throw new GoetheError(
      'GOETHE_LOCKED',
      'An event log is already open on this store; use that one, or close it first',
    )
  }
  open.add(prefix)
}

export function releaseClaim(root: Database, prefix: string): void {
  claims(root).delete(prefix)
}

function claims(root: Database): Set<string> {
  const holder = root as { [openLogs]?: Set<string> }
  if (holder[openLogs] === undefined) {
    Object.defineProperty(holder, openLogs, { value: new Set<string>() })
  }
  return holder[openLogs]!
}
