/** A client that appends one event after the other, and repeats what it does not know to be stored. */
import type { AppendAnswer } from './simulated-member.js'
import type { World } from './world.js'

export class Client {
  #sequence = 1
  #appended = 0
  #try = 0
  #failed: Exclude<AppendAnswer['type'], 'accepted'>[] = []

  constructor(
    private readonly producer: number,
    private readonly world: World,
  ) {}

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

  #after(delayMs: number): void {
    this.world.timeline.after(delayMs, () => this.#append())
  }

  #append(): void {
    const { world, producer } = this
    this.#try += 1
    const attempt = world.nextAttempt()
    const current = this.#try
    const member = world.likelyLeader()
    let answered = false
    const answerOnce = (answer: AppendAnswer) => {
      if (answered) return
      answered = true
      // An answer may get lost between the member and the client, and comes too late for a new try.
      if (current !== this.#try || world.random.chance(world.clientLoss)) return
      this.#answered(answer)
    }
    const topic = producer % 2
    member.append({ attempt, producer, producerSequence: this.#sequence, topic }, answerOnce)
    world.timeline.after(2_000, () => {
      if (current === this.#try) this.#append()
    })
  }

  #answered(answer: AppendAnswer): void {
    const { world, producer } = this
    this.#try += 1
    if (answer.type !== 'accepted') {
      this.#failed.push(answer.type)
      return this.#after(world.random.between(20, 150))
    }
    world.ledger.accepted(producer, this.#sequence, answer.id)
    this.#sequence += 1
    this.#appended += 1
    if (world.quiet) return
    this.#after(world.random.between(0, world.plan.appendPauseMs * 2))
  }
}
