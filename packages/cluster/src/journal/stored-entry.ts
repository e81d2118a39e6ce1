/** One entry of the replicated write-ahead log, as it lies on disk. */
export interface StoredEntry {
  /** 1, 2, 3 … without gaps. */
  readonly lsn: number
  /** Of the leader that made the entry; never falls from one entry to the next. */
  readonly epoch: number
  /** What the batch does, as `encodeOperations` writes it; empty for a mark of a new epoch. */
  readonly operations: Uint8Array
}
