/** A place in the journal: an entry's number and the epoch whose leader made it. */
export interface Position {
  readonly lsn: number
  readonly epoch: number
}

/** What lies before the first entry of all. */
export const origin: Position = { lsn: 0, epoch: 0 }
