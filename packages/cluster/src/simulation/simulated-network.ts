/** The network between members: each direction by itself is slow, lossy, repeating or cut. */
import type { PeerMessage } from '../replica/messages.js'
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

export class SimulatedNetwork {
  faults: NetworkFaults = calmNetwork
  /** `from>to` of directions that are cut. */
  readonly #cut = new Set<string>()

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly deliver: (to: string, message: PeerMessage) => void,
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
    this.timeline.after(this.#delayMs(), () => this.deliver(to, message))
    if (random.chance(faults.repeat)) {
      this.timeline.after(this.#delayMs() * 3, () => this.deliver(to, message))
    }
  }

  #delayMs(): number {
    const { random, faults } = this
    const delayMs = random.between(0.2, faults.delayMsMax)
    return random.chance(faults.heldUp) ? delayMs + random.between(0, 4_000) : delayMs
  }
}
