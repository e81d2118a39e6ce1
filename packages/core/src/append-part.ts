import type { Expectation, ProducerSequence } from './append-api.js'

/** One topic's events that become one range of sequences, or nothing. */
export interface AppendPart {
  topic: string
  payloads: readonly Uint8Array[]
  expect: Expectation | undefined
  producer: ProducerSequence | undefined
  /** UNIX nanoseconds. */
  time: bigint | undefined
}

/** Parts that are appended all or not at all. */
export interface AppendRequest {
  parts: readonly AppendPart[]
}
