import { ConsumerGroup, type GroupContext } from './consumer-group.js'
import type { GoetheError } from './errors.js'
import type { LogEvent } from './log-event.js'
import type { CheckedPosition } from './position.js'

export interface GroupsContext extends Omit<GroupContext, 'onDeadLetter' | 'onEnd'> {
  onDeadLetter(event: LogEvent, consumer: string, deadLetter: string, attempts: number): void
}

/** The consumers of a log that have instances in this process. */
export class ConsumerGroups {
  readonly #context: GroupsContext
  readonly #groups = new Map<string, ConsumerGroup>()

  constructor(context: GroupsContext) {
    this.#context = context
  }

  /** The group of a consumer, a new one where there is none that still works. */
  group(topic: string, consumer: string, from: CheckedPosition): ConsumerGroup {
    const name = `${topic}:${consumer}`
    const known = this.#groups.get(name)
    if (known !== undefined && known.failure === undefined) return known
    const context: GroupContext = {
      ...this.#context,
      onDeadLetter: (event, deadLetter, attempts) => {
        this.#context.onDeadLetter(event, consumer, deadLetter, attempts)
      },
      onEnd: (group) => {
        if (this.#groups.get(name) === group) this.#groups.delete(name)
      },
    }
    const group = new ConsumerGroup(context, topic, consumer, from)
    this.#groups.set(name, group)
    return group
  }

  /** Ends all groups with this error; what they were about to store is stored. */
  async close(reason: GoetheError): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.end(reason)))
  }
}
