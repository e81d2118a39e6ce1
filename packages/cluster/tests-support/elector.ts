/** Another program's elector on a Lease, whose rounds and whose time a test makes. */
export interface Elector {
  readonly isLeader: boolean
  /** Who holds it as far as this one has seen. */
  readonly holder: string | undefined
  /** One round, as client-go makes one every `RetryPeriod` (2 s); whether it holds the Lease now. */
  tryAcquireOrRenew(): Promise<boolean>
  /** What it does at its end with `ReleaseOnCancel`. */
  release(): Promise<boolean>
  close(): Promise<void>
}

export interface ElectorOptions {
  readonly name: string
  readonly identity: string
  /** Its own monotonic clock, in milliseconds. */
  nowMs(): number
}
