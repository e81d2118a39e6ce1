import type { AppendConditions, AppendEntry, Expectation, ProducerSequence } from './append-api.js'
import { checkOptions } from './arguments.js'
import { type Clock, nanoseconds } from './clock.js'
import type { AppendPart } from './append-part.js'
import { ArgumentError, GoetheError } from './errors.js'
import { futureTimeMsMax, queueBytesPerPayload } from './limits.js'
import { describeValue, nameBytes } from './names.js'
import { beyondAllIds } from './position.js'
import type { TopicStates } from './topic-state.js'

/** Turns the arguments of an append into a part of a commit. */
export class AppendValidator {
  readonly #eventBytesMax: number
  readonly #clock: Clock
  readonly #states: TopicStates

  constructor(eventBytesMax: number, clock: Clock, states: TopicStates) {
    this.#eventBytesMax = eventBytesMax
    this.#clock = clock
    this.#states = states
  }

  /** Throws ArgumentError for wrong arguments. */
  part(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    conditions: AppendConditions | undefined,
  ): AppendPart {
    // A topic whose state is loaded has passed this before.
    if (this.#states.peek(topic) === undefined) nameBytes('topic', topic)
    return checkAppend(topic, payloads, conditions)
  }

  /** Throws ArgumentError for wrong arguments. */
  parts(entries: readonly AppendEntry[]): AppendPart[] {
    return checkAppendAll(entries)
  }

  /** Why well-formed parts are not taken. */
  refusal(parts: readonly AppendPart[]): GoetheError | undefined {
    for (const { topic, payloads, time } of parts) {
      for (const { length } of payloads) {
        if (length > this.#eventBytesMax) return tooLarge(topic, length, this.#eventBytesMax)
      }
      if (time === undefined) continue
      const ahead = time - this.#clock.now()
      if (ahead > BigInt(futureTimeMsMax) * 1_000_000n) return inFuture(topic, ahead)
    }
    return undefined
  }

  /** What a part counts for in the queue. */
  queueBytes({ payloads }: AppendPart): number {
    let bytes = payloads.length * queueBytesPerPayload
    for (const payload of payloads) bytes += payload.length
    return bytes
  }
}

/** Throws ArgumentError for wrong arguments, but for the topic's name. */
export function checkAppend(
  topic: string,
  payloads: Uint8Array | readonly Uint8Array[],
  conditions: AppendConditions | undefined,
): AppendPart {
  // A copy: the caller may use the array again at once.
  const list = payloads instanceof Uint8Array ? [payloads] : copyOf(payloads)
  if (list === undefined || list.length === 0) {
    throw new ArgumentError(
      `A payload is a Uint8Array, or an array of at least one of them; got ` +
        (Array.isArray(payloads) ? 'an empty array' : describeWrong(payloads)),
    )
  }
  for (const payload of list as unknown[]) {
    if (payload instanceof Uint8Array) continue
    throw new ArgumentError(`A payload is a Uint8Array; got ${describeWrong(payload)}`)
  }
  if (conditions === undefined) {
    return { topic, payloads: list, expect: undefined, producer: undefined, time: undefined }
  }
  checkOptions(conditions, ['expect', 'producer', 'time', 'signal'])
  const { expect, producer, time } = conditions
  return {
    topic,
    payloads: list,
    expect: checkExpectation(expect),
    producer: checkProducer(producer),
    time: checkTime(time),
  }
}

/** Throws ArgumentError for wrong arguments. */
export function checkAppendAll(entries: readonly AppendEntry[]): AppendPart[] {
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new ArgumentError(`appendAll() takes an array of { topic, payloads }, at least one`)
  }
  const parts = (entries as AppendEntry[]).map((entry) => {
    checkOptions(entry, ['topic', 'payloads', 'expect', 'producer', 'time'])
    const { topic, payloads, ...conditions } = entry
    nameBytes('topic', topic)
    return checkAppend(topic, payloads, conditions)
  })
  const producers = parts.filter(({ producer }) => producer !== undefined)
  if (producers.length > 0 && producers.length < parts.length) {
    throw new ArgumentError('Either all parts of an appendAll name a producer or none does')
  }
  return parts
}

function copyOf(payloads: unknown): readonly Uint8Array[] | undefined {
  return Array.isArray(payloads) ? (payloads as Uint8Array[]).slice() : undefined
}

function checkExpectation(expect: Expectation | undefined): Expectation | undefined {
  if (expect === undefined || expect === 'empty') return expect
  if (typeof expect === 'bigint' && expect >= 0n) return atMostBeyond(expect)
  if (typeof expect === 'number' && Number.isSafeInteger(expect) && expect >= 0) return expect
  throw new ArgumentError(
    `'expect' is 'empty', the last event's id (bigint) or its sequence (number); got ` +
      describeValue(expect),
  )
}

function checkProducer(producer: ProducerSequence | undefined): ProducerSequence | undefined {
  if (producer === undefined) return undefined
  checkOptions(producer, ['id', 'sequence'])
  const { id, sequence } = producer
  nameBytes('producer id', id)
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new ArgumentError(
      `A producer's sequence is a whole number from 0; got ${describeValue(sequence)}`,
    )
  }
  return { id, sequence }
}

function checkTime(time: Date | bigint | undefined): bigint | undefined {
  if (time === undefined) return undefined
  if (typeof time === 'bigint' && time >= 0n) return atMostBeyond(time)
  if (time instanceof Date && time.getTime() >= 0) return atMostBeyond(nanoseconds(time))
  throw new ArgumentError(
    `'time' is a Date or UNIX nanoseconds (bigint), from 1970 on; got ` +
      (time instanceof Date ? describeDate(time) : describeValue(time)),
  )
}

/** What is no id any more stays none: in the 64 bits in which it is sent it would be another one. */
function atMostBeyond(id: bigint): bigint {
  return id < beyondAllIds ? id : beyondAllIds
}

function describeDate(time: Date): string {
  return Number.isNaN(time.getTime()) ? 'Invalid Date' : time.toISOString()
}

function tooLarge(topic: string, bytes: number, bytesMax: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `An event of ${bytes} bytes for topic '${topic}' is larger than eventBytesMax (${bytesMax})`,
    { details: { topic } },
  )
}

function inFuture(topic: string, aheadNs: bigint): GoetheError {
  return new GoetheError(
    'GOETHE_TIME_IN_FUTURE',
    `The time given for topic '${topic}' is ${aheadNs / 1_000_000_000n} s ahead of the clock; ` +
      'all later ids would follow it (UNIX nanoseconds are expected, or a Date)',
    { details: { topic } },
  )
}

/** Most of what is no payload is a text that nobody has encoded. */
function describeWrong(payload: unknown): string {
  const described = describeValue(payload)
  return typeof payload === 'string'
    ? `${described}, of which new TextEncoder().encode(text) makes one`
    : described
}
