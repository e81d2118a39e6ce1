import type { LogEvent } from './log-event.js'

/** The settings of one instance. */
export interface InstanceOptions {
  maxInFlight: number
  ackTimeoutMs: number
  maxAttempts: number
  deadLetter: string | undefined
}

/** One instance of a consumer, as its group sees it. */
export interface GroupInstance {
  readonly options: InstanceOptions
  /** Deliveries that it holds. */
  held: number
  /** Its acks that are to be stored, and those of them that go with the next commit. */
  unstoredAcks: number
  nextAcks: number
}

export function mayHoldMore({ held, options }: GroupInstance): boolean {
  return held < options.maxInFlight
}

/** An event that an instance holds. */
export interface Held {
  readonly event: LogEvent
  readonly attempt: number
  readonly instance: GroupInstance
  /** UNIX nanoseconds; delivered again after that. */
  deadline: bigint
  /** How it ended, once it did. */
  outcome: Promise<void> | 'lost' | undefined
  /** Called when it ends in any other way than by its instance. */
  onLost: ((why: unknown) => void) | undefined
}

/** It ends, and not by its instance. */
export function lose(held: Held, why: unknown): void {
  if (held.outcome !== undefined) return
  held.outcome = 'lost'
  held.onLost?.(why)
}
