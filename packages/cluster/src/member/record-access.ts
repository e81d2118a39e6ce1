import type { Clock } from '@goethe/core'
import type { Coordinator } from '../coordinator/coordinator.js'
import type { Effect } from '../replica/effect.js'
import type { Input } from '../replica/input.js'

type Answer = Extract<Input, { type: 'record-read' | 'record-changed' }>

export interface RecordAccessOptions {
  readonly coordinator: Coordinator
  readonly clock: Clock
  /** Why the record cannot be read, whenever that changes; undefined once it was read again. */
  onUnreadable?(reason: string | undefined): void
}

/** Reads and changes the record as the replica asks for it; what comes of that is an input to it. */
export class RecordAccess {
  readonly #options: RecordAccessOptions
  #unreadable: string | undefined

  constructor(options: RecordAccessOptions) {
    this.#options = options
  }

  async read(ticket: number): Promise<Answer> {
    try {
      const found = await this.#options.coordinator.read()
      this.#tell(undefined)
      return { type: 'record-read', ticket, result: { type: 'read', found } }
    } catch (error) {
      const reason = (error as Error).message
      this.#tell(reason)
      return { type: 'record-read', ticket, result: { type: 'failed', reason } }
    }
  }

  async change({
    ticket,
    token,
    record,
  }: Extract<Effect, { type: 'change-record' }>): Promise<Answer> {
    const { coordinator, clock } = this.#options
    const renewed = { ...record, renewTimeMs: Number(clock.now() / 1_000_000n) }
    const outcome = await coordinator.change(token, renewed)
    return { type: 'record-changed', ticket, outcome }
  }

  #tell(reason: string | undefined): void {
    if (reason === this.#unreadable) return
    this.#unreadable = reason
    this.#options.onUnreadable?.(reason)
  }
}
