import type {
  ConsistencyOptions,
  CursorPosition,
  CursorReadOptions,
  EventReader,
  EventReference,
  Position,
  ReadOptions,
} from '@goethe/core'
import {
  Reader,
  checkCursor,
  checkLimit,
  checkOptions,
  checkPosition,
  checkReference,
} from '@goethe/core/contract'
import { create, eventLogMethods as methods, messages, positionToMessage } from '@goethe/protocol'
import type { BlockReader, ServedCursor, ServedCursorOptions } from '../served-log.js'
import type { ForwardTarget, Forwarder } from './forwarder.js'

export interface ForwardingCursorContext {
  readonly forwarder: Forwarder
  /** The cursor as this member has it. */
  own(session: number | undefined): ServedCursor
  /** Reads the cursor's topic here. */
  read(options: ReadOptions): BlockReader
}

/** A cursor that the leader moves, and behind which is read here. */
export class ForwardingCursor implements ServedCursor {
  readonly topic: string
  readonly consumer: string
  readonly #hold: boolean | undefined
  readonly #context: ForwardingCursorContext
  #session: number | undefined

  constructor(
    topic: string,
    consumer: string,
    options: ServedCursorOptions | undefined,
    context: ForwardingCursorContext,
  ) {
    checkOptions(options, ['hold', 'session'])
    checkCursor(topic, consumer, options?.hold)
    this.topic = topic
    this.consumer = consumer
    this.#hold = options?.hold
    this.#session = options?.session
    this.#context = context
  }

  get session(): number | undefined {
    return this.#session
  }

  async begin(from?: Position): Promise<EventReference> {
    if (from !== undefined) checkPosition(from, true)
    return this.#change(
      (own) => own.begin(from),
      async (target) => {
        const request = create(messages.OpenCursorRequestSchema, {
          ...this.#name,
          ...(from !== undefined && { from: positionToMessage(from) }),
        })
        const { session, id, sequence } = await this.#context.forwarder.carry(
          target,
          methods.openCursor,
          request,
        )
        this.#session = Number(session)
        return { id, sequence: Number(sequence) }
      },
    )
  }

  read(options: CursorReadOptions = {}): EventReader {
    checkOptions(options, ['from', 'limit', 'follow', 'signal'])
    const { from, follow, signal } = options
    if (from !== undefined) checkPosition(from, true)
    const limit = checkLimit(options.limit)
    const open = async () => {
      const { id } = await this.begin(from)
      const blocks = this.#context.read({ from: { after: id }, follow, signal }).blocks()
      return {
        next: async () => {
          const next = await blocks.next()
          return next.done === true ? undefined : next.value
        },
        close: async () => void (await blocks.return?.()),
      }
    }
    return new Reader(open, { reverse: false, limit, to: undefined })
  }

  async commit(event: EventReference): Promise<void> {
    const { id, sequence } = checkReference(event, this.topic)
    await this.#change(
      (own) => own.commit(event),
      async (target) => {
        const request = create(messages.CommitCursorRequestSchema, {
          ...this.#name,
          id,
          sequence: BigInt(sequence),
          ...(this.#session !== undefined && { session: BigInt(this.#session) }),
        })
        const { forwarder } = this.#context
        const { session } = await forwarder.carry(target, methods.commitCursor, request)
        this.#session = Number(session)
      },
    )
  }

  async seek(position: Exclude<Position, { cursor: string }>): Promise<void> {
    checkPosition(position, true)
    await this.#change(
      (own) => own.seek(position),
      async (target) => {
        const request = create(messages.SeekCursorRequestSchema, {
          ...this.#name,
          position: positionToMessage(position),
        })
        const { forwarder } = this.#context
        const { session } = await forwarder.carry(target, methods.seekCursor, request)
        this.#session = Number(session)
      },
    )
  }

  async delete(): Promise<void> {
    this.#session = undefined
    await this.#change(
      (own) => own.delete(),
      async (target) => {
        const { topic, consumer } = this
        const request = create(messages.DeleteCursorRequestSchema, { topic, consumer })
        await this.#context.forwarder.carry(target, methods.deleteCursor, request)
      },
    )
  }

  async lag(options?: ConsistencyOptions): Promise<number> {
    return this.#context.own(undefined).lag(options)
  }

  async position(options?: ConsistencyOptions): Promise<CursorPosition | undefined> {
    return this.#context.own(undefined).position(options)
  }

  get #name(): { topic: string; consumer: string; hold?: boolean } {
    const { topic, consumer } = this
    return { topic, consumer, ...(this.#hold !== undefined && { hold: this.#hold }) }
  }

  /** Done by whoever leads at that moment. */
  async #change<Result>(
    here: (own: ServedCursor) => Promise<Result>,
    there: (target: ForwardTarget) => Promise<Result>,
  ): Promise<Result> {
    const { target } = this.#context.forwarder
    if (target !== undefined) return there(target)
    const own = this.#context.own(this.#session)
    const result = await here(own)
    this.#session = own.session
    return result
  }
}
