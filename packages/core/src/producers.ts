/**
 * Idempotent producers: each append of a producer to a topic carries the next sequence; the last
 * results are stored in the commit of the append, so that a retry is answered with them.
 */
import { GoetheError } from './errors.js'
import { RecordReader, RecordWriter } from './record.js'

/** What one append of a producer led to. */
export interface ProducerResult {
  producerSequence: number
  firstId: bigint
  firstSequence: number
  count: number
}

/** The last results of a producer in a topic, oldest first; producer sequences are dense. */
export type ProducerResults = readonly ProducerResult[]

export function encodeProducerResults(results: ProducerResults): Uint8Array {
  const writer = new RecordWriter().number(results.length)
  for (const { producerSequence, firstId, firstSequence, count } of results) {
    writer.number(producerSequence).id(firstId).number(firstSequence).number(count)
  }
  return writer.seal()
}

/** Throws RecordError where the bytes are not what was written. */
export function decodeProducerResults(bytes: Uint8Array): ProducerResult[] {
  const reader = new RecordReader(bytes)
  return Array.from({ length: reader.number() }, () => ({
    producerSequence: reader.number(),
    firstId: reader.id(),
    firstSequence: reader.number(),
    count: reader.number(),
  }))
}

/** What a producer's next sequence means: new, or the result that it had before. */
export function checkSequence(
  topic: string,
  producerId: string,
  sequence: number,
  results: ProducerResults,
): ProducerResult | 'new' | GoetheError {
  const last = results.at(-1)
  if (last === undefined || sequence === last.producerSequence + 1) return 'new'
  const known = results.find((result) => result.producerSequence === sequence)
  if (known !== undefined) return known
  const expected = last.producerSequence + 1
  const why =
    sequence > expected
      ? `sequence ${expected} must be appended before ${sequence}`
      : `sequence ${sequence} was appended long ago and its result is no longer remembered`
  return sequenceError(topic, producerId, expected, why)
}

export function sequenceError(
  topic: string,
  producerId: string,
  expectedSequence: number,
  why: string,
): GoetheError {
  return new GoetheError(
    'GOETHE_PRODUCER_SEQUENCE',
    `Producer '${producerId}' of topic '${topic}': ${why}`,
    { details: { topic, expectedSequence } },
  )
}
