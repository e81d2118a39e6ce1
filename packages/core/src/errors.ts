/** What went wrong, as a stable word. Messages may change between versions, codes do not. */
export type GoetheErrorCode = keyof typeof errorCodes

/** Every code with what it means and what to do; docs/errors.md is held against this table. */
export const errorCodes = {
  GOETHE_ABORTED: 'The AbortSignal that was passed in fired; its reason is the cause.',
  GOETHE_ALREADY_COMMITTED:
    'The cursor is already at or past this event; use seek() to go back on purpose.',
  GOETHE_CANCELLED: 'The server ended this call, because it stops or was told to; try again.',
  GOETHE_CLOSED: 'The log, cursor or consumer was closed; open it again.',
  GOETHE_CONFLICT:
    'The topic is not at the expected event; read what came since, decide again, retry.',
  GOETHE_CORRUPT: 'Stored bytes are not what was written; run verify() and restore from a backup.',
  GOETHE_DEADLINE:
    'No answer came in time. Whether it was done is unknown; an append may be repeated safely.',
  GOETHE_DELIVERY_EXPIRED:
    'The delivery timed out or its consumer closed, and the event went to another instance.',
  GOETHE_EVENT_NOT_FOUND: 'The topic has no such event; commit events that were read from it.',
  GOETHE_EVENT_TOO_LARGE: 'The payload is larger than eventBytesMax; store it elsewhere and refer.',
  GOETHE_FENCED: 'Somebody else took this cursor over; read again to take it back.',
  GOETHE_FORBIDDEN: 'This identity has no right to do that; ask whoever gives out rights.',
  GOETHE_FORMAT: 'The store was written by a format that this version does not know; upgrade.',
  GOETHE_IMPORT_INCOMPLETE:
    'An import stopped half-way; run importFrom() with the same export again.',
  GOETHE_INTERNAL: 'A defect of Goethe itself; the server wrote more about it into its log.',
  GOETHE_INVALID_ARGUMENT: 'The server was sent something that it does not take; correct the call.',
  GOETHE_INVALID_STORE: 'The store cannot hold an event log, or could not be opened.',
  GOETHE_LIMIT: 'More was asked than a limit allows; try again after the delay that is given.',
  GOETHE_LOCKED: 'The store is already open as an event log; use that one, or close it first.',
  GOETHE_NOT_EMPTY: 'An export can only be restored into an empty log or continue its own import.',
  GOETHE_NOT_LEADER:
    'Another instance leads: writes and linearizable reads go there. Its address is given.',
  GOETHE_OPERATION: 'An operation passed along with a cursor commit is not a valid one.',
  GOETHE_OUTCOME_UNKNOWN:
    'The lead of the cluster changed, or the connection broke, before it was answered; whether it ' +
    'was done is unknown.',
  GOETHE_PRODUCER_SEQUENCE:
    'A producer left out a sequence, or repeated one whose result is no longer remembered.',
  GOETHE_READ_FAILED: 'The store could not be read; the cause tells why.',
  GOETHE_READ_ONLY: 'The log takes no writes for the time being; the message tells why.',
  GOETHE_TIME_IN_FUTURE:
    'The time of an imported event lies ahead of the clock, so that ids would run ahead for good.',
  GOETHE_TOPIC_NOT_FOUND: 'No event was ever appended to this topic.',
  GOETHE_UNAUTHENTICATED: 'No valid token or certificate was presented; present one.',
  GOETHE_UNAVAILABLE:
    'The server cannot be reached; nothing was done, or only what may be repeated.',
  GOETHE_WRITE_FAILED:
    'A write to the store failed. Nothing of it is visible; whether it was stored all the same is ' +
    'known once the log was closed and opened again.',
} as const

// Two copies of this package in one process must still recognise each other's errors.
const brand = Symbol.for('@goethe/core/error')

/** What a GoetheError carries beyond its message. */
export interface GoetheErrorOptions {
  /** The error underneath, always kept. */
  cause?: unknown
  /** Facts for programs, such as `lastId` of the topic for GOETHE_CONFLICT. */
  details?: GoetheErrorDetails
}

/** Facts that some codes carry so that programs need not read messages. */
export interface GoetheErrorDetails {
  topic?: string
  consumer?: string
  /** GOETHE_CONFLICT: the id of the topic's last event, or undefined when it has none. */
  lastId?: bigint | undefined
  /** GOETHE_CONFLICT: the sequence of the topic's last event, 0 when it has none. */
  lastSequence?: number
  /** GOETHE_PRODUCER_SEQUENCE: the sequence that would be accepted next. */
  expectedSequence?: number
  /** GOETHE_LIMIT, GOETHE_READ_ONLY, GOETHE_UNAVAILABLE: when to try again, in milliseconds. */
  retryDelayMs?: number
  /** GOETHE_NOT_LEADER: `host:port` of the instance that leads, where it is known. */
  leader?: string
  /** GOETHE_NOT_LEADER: where the HTTP API of that instance is, where it is known. */
  leaderUrl?: string
}

/** The one error class of Goethe. Branch on `code`, never on `message`. */
export class GoetheError extends Error {
  override readonly name = 'GoetheError'
  readonly code: GoetheErrorCode
  readonly details: GoetheErrorDetails

  constructor(code: GoetheErrorCode, message: string, options: GoetheErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.details = options.details ?? {}
  }

  /** @internal */
  readonly [brand] = true

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** True for a GoetheError of any copy of this package; with `code`, only for that code. */
export function isGoetheError(value: unknown, code?: GoetheErrorCode): value is GoetheError {
  return value instanceof GoetheError && (code === undefined || value.code === code)
}

// As for those: a server must know the errors of another copy of this package.
const argumentBrand = Symbol.for('@goethe/core/argument-error')

/**
 * Wrong arguments: what they are, and what would be right. A TypeError of its own class, because the
 * language throws TypeError for defects of any program.
 */
export class ArgumentError extends TypeError {
  override readonly name = 'ArgumentError'

  /** @internal */
  readonly [argumentBrand] = true

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && argumentBrand in value
  }
}

/** The error that ends work whose AbortSignal fired. */
export function abortedError(signal: { readonly reason?: unknown }): GoetheError {
  return new GoetheError('GOETHE_ABORTED', 'The operation was aborted by its signal', {
    cause: signal.reason,
  })
}

/** Marks code that no input can reach: a switch that must stay exhaustive. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable: ${String(value)}`)
}

/** Throws when something that must always hold does not: a defect of Goethe itself. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${invariant}`)
}
