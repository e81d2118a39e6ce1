/**
 * Names of backups in a directory. They say of which log they are and from where to where they go,
 * so that the directory itself knows what to back up next, and in which order to restore.
 */

/** What the name of a backup says. */
export interface BackupName {
  /** The beginning of the id of the log. */
  log: string
  /** It holds what came after this id … */
  after: bigint
  /** … up to this one. */
  lastId: bigint
  file: string
}

const idDigits = 20
const pattern = /^goethe-(\w{8})-(\d{20})-(\d{20})\.backup$/

/** The name for a backup. */
export function backupName(logId: string, after: bigint, lastId: bigint): string {
  const text = (id: bigint): string => String(id).padStart(idDigits, '0')
  return `goethe-${logStart(logId)}-${text(after)}-${text(lastId)}.backup`
}

/** As much of the id of a log as a name holds. */
export function logStart(logId: string): string {
  return logId.replaceAll(/\W/g, '').slice(0, 8).padEnd(8, '0')
}

/** The backups among the files of a directory, in the order in which they follow each other. */
export function backupsAmong(files: readonly string[]): BackupName[] {
  return files
    .flatMap((file) => {
      const match = pattern.exec(file)
      if (match === null) return []
      return [{ log: match[1]!, after: BigInt(match[2]!), lastId: BigInt(match[3]!), file }]
    })
    .sort((a, b) => compare(a.lastId, b.lastId) || compare(a.after, b.after))
}

/**
 * The fewest backups that make up the whole: from a full one, each goes on where the one before
 * ends. Undefined where a part is missing.
 */
export function backupChain(backups: readonly BackupName[]): BackupName[] | undefined {
  const chain: BackupName[] = []
  let reached = 0n
  const end = backups.reduce((last, { lastId }) => (lastId > last ? lastId : last), 0n)
  while (chain.length === 0 || reached < end) {
    const next = backups
      .filter(({ after, lastId }) => after <= reached && (lastId > reached || chain.length === 0))
      .reduce<BackupName | undefined>((best, backup) => {
        return best === undefined || backup.lastId > best.lastId ? backup : best
      }, undefined)
    if (next === undefined) return undefined
    chain.push(next)
    reached = next.lastId
  }
  return chain
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
