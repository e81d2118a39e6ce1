import type {
  ConsistencyOptions,
  CursorApi,
  CursorOptions,
  CursorPosition,
  CursorReadOptions,
  EventReader,
  EventReference,
  Position,
} from './api.js'
import { checkNumber, checkOptions } from './arguments.js'
import { type Clock, dateOf } from './clock.js'
import { checkConsistencyOptions } from './consistency.js'
import { type Placement, type PlacementContext, placeCursor } from './cursor-placement.js'
import type { CursorRecord } from './cursor-record.js'
import { checkSession } from './cursor-store.js'
import type { OperationOptions } from './database.js'
import { ArgumentError, GoetheError } from './errors.js'
import { LogEvent } from './log-event.js'
import { describeValue, nameBytes } from './names.js'
import { type CheckedPosition, checkPosition } from './position.js'
import type { Store, StoreOperation } from './store.js'
import type { TopicState } from './topic-state.js'

/** An operation of abstract-level's `batch`, on a sublevel of the log's database or on itself. */
export type BatchOperation =
  | ({ type: 'put'; key: unknown; value: unknown } & OperationOptions)
  | ({ type: 'del'; key: unknown } & OperationOptions)

export interface CursorCommitOptions {
  /**
   * Written in the same atomic batch as the cursor: a projection that is kept in the log's own
   * database is then changed exactly once for each event.
   */
  operations?: readonly BatchOperation[] | undefined
}

/** How a cursor in this process is made. */
export interface OwnCursorOptions extends CursorOptions {
  /**
   * Goes on under a session that a `begin`, `commit` or `seek` of another object led to: for
   * servers, whose callers own the cursor.
   */
  session?: number | undefined
}

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

/** Events of a topic that a cursor has not handled. */
export function lagOf(record: CursorRecord | undefined, state: TopicState): number {
  const { trimmed, lastSequence } = state
  const committed = Math.max(record?.sequence ?? 0, trimmed.sequence)
  const ahead = (record?.acknowledged ?? []).reduce((sum, { from, to }) => {
    return sum + Math.max(to - Math.max(from, committed + 1) + 1, 0)
  }, 0)
  return Math.max(lastSequence - committed - ahead, 0)
}

/** A record at a later position, and beyond what was acknowledged right behind that. */
export function withPosition(record: CursorRecord, id: bigint, sequence: number): CursorRecord {
  const position = { id, sequence }
  const acknowledged = record.acknowledged.filter(({ from, to, toId }) => {
    if (from > position.sequence + 1) return true
    if (to > position.sequence) Object.assign(position, { id: toId, sequence: to })
    return false
  })
  const attempts = [...record.attempts].filter(([delivered]) => delivered > position.sequence)
  return { ...record, ...position, acknowledged, attempts: new Map(attempts) }
}

function storeOperation(operation: BatchOperation): StoreOperation {
  if (operation?.type === 'put') {
    const { type, key, value, ...options } = operation
    return { type, key, value, options }
  }
  if (operation?.type === 'del') {
    const { type, key, ...options } = operation
    return { type, key, options }
  }
  throw new ArgumentError(
    `An operation is { type: 'put' | 'del', sublevel, key, value }; got ` +
      describeValue(operation),
  )
}

/** Throws ArgumentError for what names no cursor. */
export function checkCursor(topic: string, consumer: string, hold: unknown): void {
  nameBytes('topic', topic)
  nameBytes('consumer', consumer)
  if (hold === undefined || typeof hold === 'boolean') return
  throw new ArgumentError(`'hold' is true or false; got ${describeValue(hold)}`)
}

/** Throws ArgumentError for what is no event of the topic. */
export function checkReference(event: EventReference, topic: string): EventReference {
  const { id, sequence } = (event ?? {}) as Partial<EventReference>
  if (typeof id !== 'bigint' || typeof sequence !== 'number') {
    throw new ArgumentError(
      `commit() takes an event, or { id: bigint, sequence: number }; got ${describeValue(event)}`,
    )
  }
  const of = (event as { topic?: unknown }).topic
  if (of !== undefined && of !== topic) {
    throw new ArgumentError(`An event of topic '${String(of)}' cannot move a cursor of '${topic}'`)
  }
  return { id, sequence }
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
