/** The network between members: each direction by itself is slow, lossy, repeating or cut. */
import type { PeerMessage, Sender } from '../replica/messages.js'
import type { Random } from './random.js'
import type { Timeline } from './timeline.js'

export interface NetworkFaults {
  loss: number
  repeat: number
  delayMsMax: number
  /** How many messages are held up for much longer. */
  heldUp: number
}

export const calmNetwork: NetworkFaults = { loss: 0, repeat: 0, delayMsMax: 3, heldUp: 0 }

/** How often both ends notice that a message is still on its way. */
const noticedMs = 200

/** Where messages get to. */
export interface Ends {
  deliver(to: string, message: PeerMessage): void
  /** A message takes long. */
  underWay(from: Sender, to: string): void
}

export class SimulatedNetwork {
  faults: NetworkFaults = calmNetwork
  /** `from>to` of directions that are cut. */
  readonly #cut = new Set<string>()

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly ends: Ends,
  ) {}

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`)
  }

  healAll(): void {
    this.#cut.clear()
  }

  /** Whether anything that is sent arrives. */
  connects(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`)
  }

  send(from: string, to: string, message: PeerMessage): void {
    const { random, faults } = this
    if (!this.connects(from, to) || random.chance(faults.loss)) return
    this.#deliver(this.#delayMs(), from, to, message)
    if (random.chance(faults.repeat)) this.#deliver(this.#delayMs() * 3, from, to, message)
  }

  #deliver(delayMs: number, from: string, to: string, message: PeerMessage): void {
    for (let atMs = noticedMs; atMs < delayMs; atMs += noticedMs) {
      this.timeline.after(atMs, () => {
        if (this.connects(from, to)) this.ends.underWay(message.from, to)
      })
    }
    this.timeline.after(delayMs, () => this.ends.deliver(to, message))
  }

  #delayMs(): number {
    const { random, faults } = this
    const delayMs = random.between(0.2, faults.delayMsMax)
    return random.chance(faults.heldUp) ? delayMs + random.between(0, 4_000) : delayMs
  }
}
