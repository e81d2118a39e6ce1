/** What the leader knows of one follower, in its epoch. */
import type { Acknowledge, Sender } from './messages.js'

/**
 * So many times as long as a follower may acknowledge nothing it may, while what was sent to it goes
 * on arriving: others wait for it all that time.
 */
const receivingTimeouts = 10

export class FollowerProgress {
  /** The next entry to send; undefined until its journal is in line with the leader's. */
  nextLsn: number | undefined
  /** Fsynced there. Never goes down within an epoch. */
  heldLsn = 0
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
