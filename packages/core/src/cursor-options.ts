import type { CursorOptions, EventReference } from './cursor-api.js'
import type { OperationOptions } from './database.js'
import { ArgumentError } from './errors.js'
import { describeValue, nameBytes } from './names.js'
import type { StoreOperation } from './store.js'

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

/** Throws ArgumentError for what is no operation. */
export function storeOperation(operation: BatchOperation): StoreOperation {
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
