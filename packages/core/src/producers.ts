/**
 * Idempotent producers: each append of a producer to a topic carries the next sequence; the last
 * results are stored in the commit of the append, so that a retry is answered with them.
 */
import { GoetheError } from './errors.js'
import { producerResultsMax } from './limits.js'
import { RecordReader, RecordWriter, idBytes } from './record.js'

/** Bytes of one result at most: three numbers and an id. */
const resultBytesMax = 3 * 8 + idBytes

/** Bytes of the number of results and the checksum, and what the writer keeps in reserve. */
const countBytesMax = 16

/** What one append of a producer led to. */
export interface ProducerResult {
  producerSequence: number
  firstId: bigint
  firstSequence: number
  count: number
}

/** The last results of a producer in a topic, as they are stored. */
export class ProducerResults {
  static readonly none = new ProducerResults()
  readonly #bytes: Uint8Array
  /** Where each result begins, oldest first, and behind the last one where it ends. */
  readonly #starts: number[] = []

  /** Throws RecordError where the bytes are not what was written. */
  constructor(bytes?: Uint8Array) {
    this.#bytes = bytes ?? new Uint8Array()
    if (bytes === undefined) return
    const reader = new RecordReader(bytes)
    for (let left = reader.number(); left > 0; left--) {
      this.#starts.push(reader.position)
      reader.number()
      reader.skip(idBytes)
      reader.number()
      reader.number()
    }
    this.#starts.push(reader.position)
  }

  get count(): number {
    return Math.max(this.#starts.length - 1, 0)
  }

  get last(): ProducerResult | undefined {
    return this.count === 0 ? undefined : this.#result(this.count - 1)
  }

  /** The result of a producer sequence; `dropped` of the oldest ones do not count. */
  find(producerSequence: number, dropped = 0): ProducerResult | undefined {
    const { last } = this
    if (last === undefined) return undefined
    // Producer sequences are dense.
    const at = this.count - 1 - (last.producerSequence - producerSequence)
    return at >= dropped && at < this.count ? this.#result(at) : undefined
  }

  all(): ProducerResult[] {
    return Array.from({ length: this.count }, (_, at) => this.#result(at))
  }

  /** The record with more results, of which the last `producerResultsMax` are kept. */
  with(more: readonly ProducerResult[]): Uint8Array {
    const added = more.slice(-producerResultsMax)
    const kept = Math.min(this.count, producerResultsMax - added.length)
    const capacity = this.#bytes.length + added.length * resultBytesMax + countBytesMax
    const writer = new RecordWriter(capacity).number(kept + added.length)
    // As they are: decoding them cost more than all else that an append does.
    if (kept > 0) {
      const from = this.#starts[this.count - kept]
      writer.raw(this.#bytes.subarray(from, this.#starts.at(-1)))
    }
    for (const { producerSequence, firstId, firstSequence, count } of added) {
      writer.number(producerSequence).id(firstId).number(firstSequence).number(count)
    }
    return writer.seal()
  }

  #result(at: number): ProducerResult {
    const reader = new RecordReader(this.#bytes, { at: this.#starts[at]!, verified: true })
    return {
      producerSequence: reader.number(),
      firstId: reader.id(),
      firstSequence: reader.number(),
      count: reader.number(),
    }
  }
}

/** What a producer's sequence means that is neither the next one nor of a known result. */
export function sequenceRefusal(
  topic: string,
  producerId: string,
  sequence: number,
  expected: number,
): GoetheError {
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
