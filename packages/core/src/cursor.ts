import type { CursorApi, CursorPosition, CursorReadOptions, EventReference } from './cursor-api.js'
import type { ConsistencyOptions, EventReader, Position } from './read-api.js'
import { checkNumber, checkOptions } from './arguments.js'
import { type Clock, dateOf } from './clock.js'
import { checkConsistencyOptions } from './consistency.js'
import {
  type CursorCommitOptions,
  type OwnCursorOptions,
  checkCursor,
  checkReference,
  storeOperation,
} from './cursor-options.js'
import { type Placement, type PlacementContext, placeCursor } from './cursor-placement.js'
import { lagOf, withPosition } from './cursor-progress.js'
import type { CursorRecord } from './cursor-record.js'
import { checkSession } from './cursor-session.js'
import { GoetheError } from './errors.js'
import { LogEvent } from './log-event.js'
import { type CheckedPosition, checkPosition } from './position.js'
import type { Store, StoreOperation } from './store.js'
import type { TopicState } from './topic-state.js'

/** What a cursor needs of its log. */
export interface CursorContext extends PlacementContext {
  store: Store
  clock: Clock
  /** Reads a topic; `begin` says where, each time that an iteration begins. */
  readFrom(
    topic: string,
    begin: () => Promise<CheckedPosition>,
    options: Omit<CursorReadOptions, 'from'>,
  ): EventReader
  /** The event with this id, if it is still there. */
  readOne(topic: string, id: bigint): Promise<LogEvent | undefined>
  /** Throws GOETHE_CLOSED once the log is closed. */
  assertOpen(): void
}

/** The named position of a consumer in a topic; see `CursorApi`. */
export class Cursor implements CursorApi {
  readonly topic: string
  readonly consumer: string
  readonly #context: CursorContext
  readonly #hold: boolean | undefined
  /** The session under which this object owns the cursor. */
  #session: number | undefined

  /** @internal */
  constructor(context: CursorContext, topic: string, consumer: string, options?: OwnCursorOptions) {
    checkOptions(options, ['hold', 'session'])
    checkCursor(topic, consumer, options?.hold)
    if (options?.session !== undefined) {
      this.#session = checkNumber('session', options.session, { default: 0, min: 0 })
    }
    this.topic = topic
    this.consumer = consumer
    this.#context = context
    this.#hold = options?.hold
  }

  /** The session under which this object owns the cursor, once it does. */
  get session(): number | undefined {
    return this.#session
  }

  /**
   * Takes the cursor over, as iterating over `read` does; with `from` the cursor is first moved
   * there. Gives the event behind which reading goes on; sequence 0 and id 0n before the first.
   */
  async begin(from?: Position): Promise<EventReference> {
    this.#context.assertOpen()
    const position = from === undefined ? undefined : checkPosition(from, true)
    const { id, sequence } = await this.#begin(position)
    return { id, sequence }
  }

  /**
   * Reads on behind the committed position, or from the topic's start when there is none. With
   * `from` the cursor is first moved there. Takes the cursor over when iteration begins.
   */
  read(options: CursorReadOptions = {}): EventReader {
    checkOptions(options, ['from', 'limit', 'follow', 'signal'])
    const { from, ...rest } = options
    const position = from === undefined ? undefined : checkPosition(from, true)
    const begin = async (): Promise<CheckedPosition> => {
      const { id } = await this.#begin(position)
      return { type: 'id', id: id + 1n }
    }
    return this.#context.readFrom(this.topic, begin, rest)
  }

  /**
   * Notes that all events up to and including this one are handled, together with `operations` in
   * one atomic batch. Rejects with GOETHE_FENCED when somebody else took the cursor over,
   * GOETHE_ALREADY_COMMITTED when it stands at or behind this event, GOETHE_OPERATION for an
   * operation that cannot be written, GOETHE_WRITE_FAILED.
   */
  async commit(event: EventReference, options: CursorCommitOptions = {}): Promise<void> {
    this.#context.assertOpen()
    checkOptions(options, ['operations'])
    const { id, sequence } = checkReference(event, this.topic)
    const operations = (options.operations ?? []).map(storeOperation)
    if (operations.length > 0) await this.#validate(operations)
    const state = await this.#context.states.load(this.topic)
    if (!(event instanceof LogEvent)) await this.#checkPair(state, id, sequence)
    const again = operations.length === 0
    const change = (record: CursorRecord): CursorRecord => {
      checkExists(state, id, sequence)
      const session = this.#owned(record)
      const hold = this.#hold ?? record.hold
      if (again && record.id === id) return { ...record, session, hold }
      this.#checkAhead(record, sequence)
      const updatedAt = this.#context.clock.now()
      return { ...withPosition(record, id, sequence), updatedAt, session, hold }
    }
    const { cursors } = this.#context
    const isOwner = this.#session !== undefined
    await cursors.change(this.topic, this.consumer, change, { operations })
    if (!isOwner) cursors.tell(this.topic, this.consumer, 'taken')
  }

  /**
   * Moves the cursor so that the next event read is the nearest at or after the position. Readers
   * that were using it are fenced off; consumers of this name go on from there.
   */
  async seek(position: Exclude<Position, { cursor: string }>): Promise<void> {
    this.#context.assertOpen()
    const record = await this.#move(checkPosition(position, true))
    this.#session = record.session
  }

  async lag(options?: ConsistencyOptions): Promise<number> {
    await this.#begins(options)
    const record = await this.#context.cursors.read(this.topic, this.consumer)
    return lagOf(record, await this.#context.states.load(this.topic))
  }

  async position(options?: ConsistencyOptions): Promise<CursorPosition | undefined> {
    await this.#begins(options)
    const record = await this.#context.cursors.read(this.topic, this.consumer)
    if (record === undefined || record.updatedAt === 0n) return undefined
    return { id: record.id, sequence: record.sequence, updatedAt: dateOf(record.updatedAt) }
  }

  async delete(): Promise<void> {
    this.#context.assertOpen()
    this.#session = undefined
    await this.#context.cursors.delete(this.topic, this.consumer)
  }

  /** Before a look at where the cursor stands. */
  async #begins(options: ConsistencyOptions | undefined): Promise<void> {
    this.#context.assertOpen()
    const consistency = checkConsistencyOptions(options)
    if (consistency === 'linearizable') await this.#context.store.confirm()
  }

  async #begin(position: CheckedPosition | undefined): Promise<CursorRecord> {
    const record =
      position === undefined
        ? await this.#context.cursors.takeOver(this.topic, this.consumer, this.#hold)
        : await this.#move(position)
    this.#session = record.session
    return record
  }

  async #move(position: CheckedPosition): Promise<CursorRecord> {
    const { cursors, clock } = this.#context
    const placement: Placement = (before, place) => ({
      ...before,
      ...place,
      updatedAt: clock.now(),
      session: before.session + 1,
      hold: this.#hold ?? before.hold,
      acknowledged: [],
      attempts: new Map(),
      deliveredTo: 0,
    })
    const { topic, consumer } = this
    const record = await placeCursor(this.#context, topic, consumer, position, placement)
    cursors.tell(this.topic, this.consumer, 'moved')
    return record
  }

  /** The session of this object, a new one when it has none yet; throws when it lost it. */
  #owned(record: CursorRecord): number {
    if (this.#session !== undefined) {
      checkSession(record, this.#session, this.topic, this.consumer)
    }
    this.#session ??= record.session + 1
    return this.#session
  }

  #checkAhead(record: CursorRecord, sequence: number): void {
    if (sequence > record.sequence) return
    throw new GoetheError(
      'GOETHE_ALREADY_COMMITTED',
      `Consumer '${this.consumer}' of topic '${this.topic}' has committed sequence ` +
        `${record.sequence}, which is not before ${sequence}; use seek() to go back on purpose`,
      { details: { topic: this.topic, consumer: this.consumer } },
    )
  }

  /** What was read is an event; what a caller puts together may be none. */
  async #checkPair(state: TopicState, id: bigint, sequence: number): Promise<void> {
    if (id <= state.trimmed.id) return
    const event = await this.#context.readOne(this.topic, id)
    if (event?.sequence !== sequence) throw notFound(state, id, sequence)
  }

  async #validate(operations: readonly StoreOperation[]): Promise<void> {
    try {
      await this.#context.store.validate(operations)
    } catch (cause) {
      throw new GoetheError(
        'GOETHE_OPERATION',
        `An operation cannot be written with the cursor: ${(cause as Error).message}`,
        { cause },
      )
    }
  }
}

function checkExists(state: TopicState, id: bigint, sequence: number): void {
  if (id <= state.lastId && sequence <= state.lastSequence && sequence > 0) return
  throw notFound(state, id, sequence)
}

function notFound(state: TopicState, id: bigint, sequence: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_NOT_FOUND',
    `Topic '${state.topic}' has no event ${id} with sequence ${sequence}; ` +
      (state.lastSequence === 0
        ? 'it is empty'
        : `its last one is ${state.lastId} with sequence ${state.lastSequence}`),
    { details: { topic: state.topic } },
  )
}
