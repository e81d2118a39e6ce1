import { setTimeout as delay } from 'node:timers/promises'

export interface SteadyLoadOptions {
  append(payload: Buffer): Promise<unknown>
  payloads: readonly Buffer[]
  perSecond: number
  /** Deliveries of what was appended so early are not reported. */
  warmUpMs: number
  durationMs: number
  /** Called for each delivery with the time when it was appended. */
  onDelivery(sentAt: number): void
}

/** After so long without the last delivery, there is something wrong. */
const deliveryTimeoutMs = 30_000

/** Appends events at a rate that does not depend on how long appends take. */
export class SteadyLoad {
  readonly #options: SteadyLoadOptions
  /** When each event was appended; its payload begins with its index in here. */
  readonly #sentAt: number[] = []
  #warmUpEnd = 0
  #next = 0
  #resolve: (() => void) | undefined

  constructor(options: SteadyLoadOptions) {
    this.#options = options
  }

  /** Resolves with the events per second from the first append to the last delivery. */
  async run(): Promise<number> {
    const { warmUpMs, durationMs, perSecond } = this.#options
    const appends: Promise<unknown>[] = []
    const start = performance.now()
    this.#warmUpEnd = start + warmUpMs
    const end = this.#warmUpEnd + durationMs
    for (let now = start; now < end; now = performance.now()) {
      const due = Math.floor(((now - start) / 1000) * perSecond)
      while (this.#sentAt.length < due) appends.push(this.#append())
      // As short as timers go.
      await delay(1)
    }
    await Promise.all(appends)
    await this.#allDelivered()
    return (this.#sentAt.length / (performance.now() - start)) * 1000
  }

  /** Events are delivered in the order in which they were appended. */
  delivered(payload: Uint8Array): void {
    const index = indexOf(payload)
    if (index !== this.#next) throw new Error(`Event ${index} comes instead of ${this.#next}`)
    this.#next++
    const sentAt = this.#sentAt[index]!
    if (sentAt >= this.#warmUpEnd) this.#options.onDelivery(sentAt)
    if (this.#next === this.#sentAt.length) this.#resolve?.()
  }

  #append(): Promise<unknown> {
    const { payloads, append } = this.#options
    const index = this.#sentAt.length
    const payload = Buffer.from(payloads[index % payloads.length]!)
    payload.writeUInt32LE(index)
    this.#sentAt.push(performance.now())
    return append(payload)
  }

  async #allDelivered() {
    if (this.#next === this.#sentAt.length) return
    const timeout = new AbortController()
    const last = new Promise<void>((resolve) => (this.#resolve = resolve))
    const missing = delay(deliveryTimeoutMs, undefined, timeout).then(() => {
      throw new Error(`${this.#sentAt.length - this.#next} events were not delivered`)
    })
    missing.catch(() => {})
    await Promise.race([last, missing])
    timeout.abort()
  }
}

function indexOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
}
