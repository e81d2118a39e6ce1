/** What the leader knows of one follower, in its epoch. */
import type { Acknowledge, Sender } from './messages.js'
import type { Rules } from './rules.js'

/**
 * So many times as long as a follower may acknowledge nothing it may, while what was sent to it goes
 * on arriving: others wait for it all that time.
 */
const receivingTimeouts = 10

export class FollowerProgress {
  /** The next entry to send; undefined until its journal is in line with the leader's. */
  nextLsn: number | undefined
  /** Fsynced there. Goes down only where a restart shows that something was lost. */
  heldLsn = 0
  /** What it came back without, although it has to have it: the first and the last entry. */
  lost: { readonly fromLsn: number; readonly toLsn: number } | undefined
  /** It has not got everything again since. */
  lacking = false
  /** Applied there, and that too is on disk. */
  flushedLsn = 0
  /** The latest question for the leader's epoch that it answered. */
  confirm = 0
  /** It is about to stop, and asked to be let go. */
  leaving = false
  /** It takes a snapshot of what is at least this new, so it will need what follows. */
  snapshotLsn: number | undefined
  /** Set while the driver sends entries from here on. */
  shippingLsn: number | undefined
  lastHeardMs: number
  /** When it last held all there was, or more than before, or received more that it is to hold. */
  lastProgressMs: number

  #inFlight: { toLsn: number; bytes: number }[] = []
  #inFlightBytes = 0
  /** The process that said last where its journal ends, and the one before. */
  #presentedBy: string | undefined
  #presentedBefore: string | undefined
  #lastShippedMs = -Infinity
  /** As `lastProgressMs`, by what it has acknowledged alone. */
  #lastHeldMs: number
  /** It has received what is not on its disk yet. */
  #storing = false

  constructor(
    public sender: Sender,
    nowMs: number,
  ) {
    this.lastHeardMs = nowMs
    this.lastProgressMs = nowMs
    this.#lastHeldMs = nowMs
  }

  /** It will not need again what is up to here, or undefined where that is unknown. */
  get keepAfterLsn(): number | undefined {
    return this.nextLsn === undefined ? this.snapshotLsn : this.nextLsn - 1
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  heard(sender: Sender, nowMs: number): void {
    if (sender.incarnation !== this.sender.incarnation) this.leaving = false
    this.sender = sender
    this.lastHeardMs = nowMs
  }

  /** Whether the process that was heard just now is the one that said where its journal ends. */
  get isPresent(): boolean {
    return this.#presentedBy === undefined || this.#presentedBy === this.sender.incarnation
  }

  /**
   * Its journal ends at `lastLsn`, says the process that was heard just now. A process that goes on never
   * falls back behind what it acknowledged, nor does one that was started anew, unless the disk lost
   * something; nor does a store of the set lack what is committed, which goes up to `dueLsn` at least.
   * Says whether it has lost something.
   */
  presents(lastLsn: number, dueLsn: number, rules: Rules): boolean {
    const { incarnation } = this.sender
    if (incarnation === this.#presentedBy) return false
    // What was said by the one before came late.
    const isNew = incarnation !== this.#presentedBefore
    this.#presentedBefore = this.#presentedBy
    this.#presentedBy = incarnation
    const toLsn = Math.max(this.heldLsn, dueLsn)
    const leftLsn = rules.heldAnew(toLsn, lastLsn)
    this.heldLsn = Math.min(this.heldLsn, leftLsn)
    this.flushedLsn = Math.min(this.flushedLsn, leftLsn)
    if (!isNew || leftLsn >= toLsn) return false
    this.lost = { fromLsn: leftLsn + 1, toLsn }
    this.lacking = true
    return true
  }

  /** Its journal is right up to `lsn`: send what follows. */
  settled(lsn: number): void {
    this.nextLsn = lsn + 1
    this.snapshotLsn = undefined
    this.#inFlight = []
    this.#inFlightBytes = 0
  }

  shipped(fromLsn: number, toLsn: number, bytes: number, nowMs: number): void {
    this.shippingLsn = undefined
    // It was told to begin elsewhere in the meantime.
    if (this.nextLsn !== fromLsn || toLsn < fromLsn) return
    this.nextLsn = toLsn + 1
    this.#inFlight.push({ toLsn, bytes })
    this.#inFlightBytes += bytes
    this.#lastShippedMs = nowMs
  }

  /**
   * More of what is on its way has arrived there, which it cannot acknowledge before all of it has.
   * That counts for a while, unless it is its disk that is waited for.
   */
  receives({ incarnation }: Sender, nowMs: number, timeoutMs: number): void {
    if (incarnation !== this.sender.incarnation || this.#inFlight.length === 0) return
    this.lastHeardMs = nowMs
    // It is not lost: to send it again would take as long again.
    this.#lastShippedMs = nowMs
    if (this.#storing || nowMs - this.#lastHeldMs > receivingTimeouts * timeoutMs) return
    this.lastProgressMs = nowMs
  }

  /** `resendMs`: how long what was sent may be on its way before it counts as lost. */
  acknowledged(ack: Acknowledge, lastLsn: number, nowMs: number, resendMs: number): void {
    const complete = ack.durableLsn >= lastLsn
    if (ack.durableLsn > this.heldLsn || complete) {
      this.lastProgressMs = nowMs
      this.#lastHeldMs = nowMs
    }
    this.#storing = ack.durableLsn < ack.receivedLsn
    this.heldLsn = Math.max(this.heldLsn, ack.durableLsn)
    this.flushedLsn = Math.max(this.flushedLsn, ack.flushedLsn)
    this.confirm = Math.max(this.confirm, ack.confirm)
    while (this.#inFlight.length > 0 && this.#inFlight[0]!.toLsn <= ack.receivedLsn) {
      this.#inFlightBytes -= this.#inFlight.shift()!.bytes
    }
    if (this.nextLsn === undefined || ack.receivedLsn + 1 === this.nextLsn) return
    const lost = ack.gap || nowMs - this.#lastShippedMs > resendMs
    if (lost || ack.receivedLsn >= this.nextLsn) this.settled(ack.receivedLsn)
  }
}
