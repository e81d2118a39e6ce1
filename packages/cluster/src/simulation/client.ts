/** A client that appends one event after the other, and repeats what it does not know to be stored. */
import type { WriteAnswer } from './simulated-member.js'
import type { World } from './world.js'

/** How many topics clients append to. */
export const topics = 2

export class Client {
  #producer: number
  #sequence = 1
  #appended = 0
  #try = 0
  #failed: Exclude<WriteAnswer['type'], 'accepted'>[] = []

  constructor(
    private readonly topic: number,
    private readonly world: World,
  ) {
    this.#producer = world.nextProducer()
  }

  /** How many of its appends were acknowledged. */
  get appended(): number {
    return this.#appended
  }

  /** How those of its tries ended that were not acknowledged. */
  get failed(): readonly string[] {
    return this.#failed
  }

  start(): void {
    this.#after(this.world.random.between(0, 500))
  }

  /**
   * An operator accepted that appends were lost: it begins anew, under another name, as some of them
   * may be in a journal still, and come back with it.
   */
  rewind(): void {
    this.#try += 1
    this.#producer = this.world.nextProducer()
    this.#sequence = 1
    this.#after(this.world.random.between(20, 500))
  }

  #after(delayMs: number): void {
    const current = this.#try
    this.world.timeline.after(delayMs, () => {
      if (current === this.#try) this.#append()
    })
  }

  #append(): void {
    const { world, topic } = this
    const producer = this.#producer
    this.#try += 1
    const attempt = world.nextAttempt()
    const current = this.#try
    const member = world.likelyLeader()
    let answered = false
    const answerOnce = (answer: WriteAnswer) => {
      if (answered) return
      answered = true
      // An answer may get lost between the member and the client, and comes too late for a new try.
      if (current !== this.#try || world.random.chance(world.clientLoss)) return
      this.#answered(answer)
    }
    const producerSequence = this.#sequence
    member.write({ type: 'append', attempt, producer, producerSequence, topic }, answerOnce)
    world.timeline.after(2_000, () => {
      if (current === this.#try) this.#append()
    })
  }

  #answered(answer: WriteAnswer): void {
    const { world } = this
    this.#try += 1
    if (answer.type !== 'accepted') {
      this.#failed.push(answer.type)
      return this.#after(world.random.between(20, 150))
    }
    world.ledger.accepted(this.#producer, this.#sequence, answer.payload)
    this.#sequence += 1
    this.#appended += 1
    if (world.quiet) return
    this.#after(world.random.between(0, world.plan.appendPauseMs * 2))
  }
}
