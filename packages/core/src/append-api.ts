import type { AbortSignalLike } from './abort-signal.js'

/** How safe an acknowledged event is: in this process, with the operating system, on the disk. */
export type Durability = 'memory' | 'os' | 'fsync'

/** What the topic must look like for an append to happen. */
export type Expectation =
  /** Nothing was ever appended to the topic. */
  | 'empty'
  /** The id of the topic's last event. */
  | bigint
  /** The sequence of the topic's last event; 0 means 'empty'. */
  | number

/** Makes a retry safe: the same sequence of a producer is appended once and acknowledged alike. */
export interface ProducerSequence {
  /** Names the producer, 1 to 255 bytes. */
  id: string
  /**
   * 1 higher than that of the producer's append before to this topic; the first may be any. Others
   * reject with GOETHE_PRODUCER_SEQUENCE, but for the last 64, which are repetitions.
   */
  sequence: number
}

/** What goes for one append. */
export interface AppendConditions {
  /**
   * Rejects with GOETHE_CONFLICT unless the topic is in this state when the append gets its turn:
   * behind those that were called before, also while they are under way. Default: any state.
   */
  expect?: Expectation | undefined
  /** Default: none; the append is done as often as it is called. */
  producer?: ProducerSequence | undefined
  /**
   * For imports: the first id becomes that time (a Date, or UNIX nanoseconds), or the id after the
   * last one of the log where that is higher. More than a minute ahead of the clock it rejects with
   * GOETHE_TIME_IN_FUTURE. Default: the time of receipt.
   */
  time?: Date | bigint | undefined
}

export interface AppendOptions extends AppendConditions {
  /**
   * Aborts the append with GOETHE_ABORTED while it waits for its turn: nothing was done then. A write
   * under way is not taken back, nor in a cluster one that waits behind the commit under way: there
   * its turn may come while that one is still on its way.
   */
  signal?: AbortSignalLike | undefined
}

/**
 * One topic's part of an appendAll. What it expects is what the topic is before the appendAll, also
 * where another part goes to the same topic: parts do not see each other. Either all parts name a
 * producer or none does.
 */
export interface AppendEntry extends AppendConditions {
  topic: string
  payloads: Uint8Array | readonly Uint8Array[]
}

export interface AppendAllOptions {
  /** As for `append`. */
  signal?: AbortSignalLike | undefined
}

/** The acknowledgement of an append. Its events have all ids and sequences from first to last. */
export interface Receipt {
  topic: string
  firstId: bigint
  lastId: bigint
  firstSequence: number
  lastSequence: number
  /** Events of this append. */
  count: number
  /** What is true of it, which may be less than the log was asked for. */
  durability: Durability
  /** True when a producer repeated itself: this is the receipt of the first time. */
  repeated: boolean
}
