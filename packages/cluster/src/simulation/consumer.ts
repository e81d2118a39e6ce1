/** A consumer that reads on any member, and commits how far it got; now and then it starts anew. */
import { topics } from './client.js'
import type { WriteAnswer } from './simulated-member.js'
import type { World } from './world.js'

export class Consumer {
  /** Handled up to here, by the sequence in its topic. */
  #handled = 0
  #committed = 0
  #try = 0

  constructor(
    private readonly consumer: number,
    private readonly world: World,
  ) {}

  start(): void {
    this.#after(this.world.random.between(0, 500))
  }

  /** An operator accepted that commits were lost. */
  rewind(): void {
    this.#committed = this.world.ledger.cursor(this.consumer)
    this.#handled = this.#committed
    this.#after(this.world.random.between(20, 500))
  }

  #after(delayMs: number): void {
    this.#try += 1
    const current = this.#try
    this.world.timeline.after(delayMs, () => {
      if (current === this.#try) this.#turn()
    })
  }

  #turn(): void {
    const { world, consumer } = this
    this.#after(2_000)
    const current = this.#try
    const member = world.random.pick(world.members)
    if (world.random.chance(0.1)) this.#handled = this.#committed
    const events = world.ledger.read(this.#topic, this.#handled, member.disk.appliedLsn)
    this.#handled += world.random.below(events + 1)
    if (this.#handled === this.#committed) return this.#after(this.#pauseMs())
    const topicSequence = this.#handled
    const attempt = world.nextAttempt()
    world
      .likelyLeader()
      .write(
        { type: 'cursor', attempt, consumer, topic: this.#topic, topicSequence },
        (answer: WriteAnswer) => {
          if (current !== this.#try || world.random.chance(world.clientLoss)) return
          if (answer.type === 'accepted') {
            world.ledger.cursorCommitted(consumer, topicSequence)
            this.#committed = topicSequence
          }
          this.#after(this.#pauseMs())
        },
      )
  }

  get #topic(): number {
    return this.consumer % topics
  }

  #pauseMs(): number {
    return this.world.random.between(20, this.world.quiet ? 2_000 : 500)
  }
}
