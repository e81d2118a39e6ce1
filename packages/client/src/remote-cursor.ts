import { ArgumentError } from '@goethe/core'
import type {
  ConsistencyOptions,
  CursorApi,
  CursorOptions,
  CursorPosition,
  CursorReadOptions,
  EventReader,
  EventReference,
  Position,
} from '@goethe/core'
import {
  Reader,
  checkBoolean,
  checkConsistencyOptions,
  checkCursor,
  checkLimit,
  checkOptions,
  checkPosition,
  checkReference,
  checkSignal,
} from '@goethe/core/contract'
import {
  consistencyToMessage,
  create,
  cursorPositionFromMessage,
  eventLogMethods,
  messages,
  positionToMessage,
} from '@goethe/protocol'
import { callUnary } from './calls.js'
import type { Connection } from './connection.js'
import { closedError } from './failures.js'
import { ReadSource } from './read-source.js'

/** The named position of a consumer in a topic, on a server; see `CursorApi`. */
export class RemoteCursor implements CursorApi {
  readonly topic: string
  readonly consumer: string
  readonly #connection: Connection
  readonly #hold: boolean | undefined
  /** The session under which this object owns the cursor. */
  #session: bigint | undefined
  /** The commit that takes the cursor over: others wait for its session. */
  #takingOver: Promise<unknown> | undefined

  constructor(connection: Connection, topic: string, consumer: string, options?: CursorOptions) {
    checkOptions(options, ['hold'])
    checkCursor(topic, consumer, options?.hold)
    this.topic = topic
    this.consumer = consumer
    this.#connection = connection
    this.#hold = options?.hold
  }

  /**
   * Reads on behind the committed position, or from the topic's start when there is none. With
   * `from` the cursor is first moved there. Takes the cursor over when iteration begins.
   */
  read(options: CursorReadOptions = {}): EventReader {
    checkOptions(options, ['from', 'limit', 'follow', 'signal'])
    const { from, signal } = options
    if (from !== undefined) checkPosition(from, true)
    checkSignal(signal)
    const follow = checkBoolean('follow', options.follow)
    const limit = checkLimit(options.limit)
    const open = async (): Promise<ReadSource> => {
      this.#assertOpen()
      const request = create(messages.OpenCursorRequestSchema, {
        ...this.#name,
        ...this.#held,
        ...(from !== undefined && { from: positionToMessage(from) }),
      })
      const opened = await callUnary(this.#connection, eventLogMethods.openCursor, request, signal)
      this.#session = opened.session
      return new ReadSource(this.#connection, {
        topics: this.topic,
        from: { after: opened.id },
        to: undefined,
        reverse: false,
        limit,
        follow,
        consistency: 'local',
        signal,
      })
    }
    return new Reader(open, { reverse: false, limit, to: undefined })
  }

  async commit(event: EventReference, ...rest: unknown[]): Promise<void> {
    this.#assertOpen()
    if (rest[0] !== undefined) {
      checkOptions(rest[0], ['operations'])
      if ((rest[0] as { operations?: unknown }).operations !== undefined) {
        throw new ArgumentError(
          "'operations' are written by the log in this process, not by a server",
        )
      }
    }
    const { id, sequence } = checkReference(event, this.topic)
    while (this.#takingOver !== undefined) await this.#takingOver.catch(() => undefined)
    const request = create(messages.CommitCursorRequestSchema, {
      ...this.#name,
      ...this.#held,
      id,
      sequence: BigInt(sequence),
      ...(this.#session !== undefined && { session: this.#session }),
    })
    const commit = callUnary(this.#connection, eventLogMethods.commitCursor, request)
    if (this.#session !== undefined) {
      await commit
      return
    }
    this.#takingOver = commit
    try {
      this.#session = (await commit).session
    } finally {
      this.#takingOver = undefined
    }
  }

  async seek(position: Exclude<Position, { cursor: string }>): Promise<void> {
    this.#assertOpen()
    checkPosition(position, true)
    const request = create(messages.SeekCursorRequestSchema, {
      ...this.#name,
      ...this.#held,
      position: positionToMessage(position),
    })
    const { session } = await callUnary(this.#connection, eventLogMethods.seekCursor, request)
    this.#session = session
  }

  async lag(options?: ConsistencyOptions): Promise<number> {
    return Number((await this.#get(options)).lag)
  }

  async position(options?: ConsistencyOptions): Promise<CursorPosition | undefined> {
    const { position } = await this.#get(options)
    return position && cursorPositionFromMessage(position)
  }

  async delete(): Promise<void> {
    this.#assertOpen()
    this.#session = undefined
    const request = create(messages.DeleteCursorRequestSchema, this.#name)
    await callUnary(this.#connection, eventLogMethods.deleteCursor, request)
  }

  get #name(): { topic: string; consumer: string } {
    return { topic: this.topic, consumer: this.consumer }
  }

  get #held(): { hold?: boolean } {
    return this.#hold === undefined ? {} : { hold: this.#hold }
  }

  async #get(options: ConsistencyOptions | undefined): Promise<messages.GetCursorResponse> {
    this.#assertOpen()
    const consistency = consistencyToMessage(checkConsistencyOptions(options))
    const request = create(messages.GetCursorRequestSchema, { ...this.#name, consistency })
    return callUnary(this.#connection, eventLogMethods.getCursor, request)
  }

  #assertOpen(): void {
    if (this.#connection.closed) throw closedError()
  }
}
