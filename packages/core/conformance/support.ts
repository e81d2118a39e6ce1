/** What many tests do. */
import type { AbortSignalLike } from '../src/abort-signal.js'
import type { EventLogApi } from '../src/api.js'
import type { Receipt } from '../src/append-api.js'
import type { VerifyStep } from '../src/upkeep-api.js'
import type { LogEvent } from '../src/log-event.js'
import { assert, assertEqual } from './assert.js'

declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare const AbortController: {
  new (): { readonly signal: AbortSignalLike; abort(reason?: unknown): void }
}

const encoder = new TextEncoder()

/** A payload of text. */
export function payload(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Payloads 'a1', 'a2' … */
export function numbered(name: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => payload(`${name}${index + 1}`))
}

/** A payload of so many bytes, the same ones for the same seed. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed >>> 0 || 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Appends each text with an append of its own, one after the other. */
export async function appendTexts(
  log: EventLogApi,
  topic: string,
  ...texts: string[]
): Promise<Receipt[]> {
  const receipts: Receipt[] = []
  for (const text of texts) receipts.push(await log.append(topic, payload(text)))
  return receipts
}

/** All events of a topic. */
export function eventsOf(log: EventLogApi, topic: string): Promise<LogEvent[]> {
  return log.read(topic).toArray()
}

/** The payloads of events as text. */
export function texts(events: readonly LogEvent[]): string[] {
  return events.map((event) => event.text())
}

/** The sequences of events. */
export function sequences(events: readonly LogEvent[]): number[] {
  return events.map(({ sequence }) => sequence)
}

/** The ids of events. */
export function ids(events: readonly LogEvent[]): bigint[] {
  return events.map(({ id }) => id)
}

/** first, first + 1 … last */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index)
}

/** The next element; fails at the end. */
export async function nextOf<T>(iterator: AsyncIterator<T>): Promise<T> {
  const next = await iterator.next()
  assert(next.done !== true, 'the iteration ended where one more element should come')
  return next.value
}

/** The next elements; fails when the end comes before. */
export async function takeFrom<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  while (taken.length < count) taken.push(await nextOf(iterator))
  return taken
}

export function iterate<T>(iterable: AsyncIterable<T>): AsyncIterator<T, undefined> {
  return iterable[Symbol.asyncIterator]()
}

export function abortController(): InstanceType<typeof AbortController> {
  return new AbortController()
}

export type Problem = Extract<VerifyStep, { type: 'problem' }>

/** The problems that verify finds. */
export async function problemsOf(log: EventLogApi): Promise<Problem[]> {
  const problems: Problem[] = []
  for await (const step of log.verify()) if (step.type === 'problem') problems.push(step)
  return problems
}

/** Asserts that everything stored fits together and that each topic has its events in order. */
export async function assertSound(log: EventLogApi): Promise<void> {
  assertEqual(await problemsOf(log), [], 'what verify() found')
  const all = await log.read('*').toArray()
  let lastId = 0n
  const lastSequences = new Map<string, number>()
  for (const { id, topic, sequence } of all) {
    assert(id > lastId, `event ${id} of '${topic}' comes behind ${lastId}`)
    lastId = id
    const before = lastSequences.get(topic)
    assert(
      before === undefined || sequence === before + 1,
      `'${topic}' has sequence ${sequence} behind ${before}`,
    )
    lastSequences.set(topic, sequence)
  }
  const places = (events: readonly LogEvent[]): string[] => {
    return events.map(({ id, sequence }) => `${id} ${sequence}`)
  }
  for (const topic of await log.topics({ limit: 10_000 })) {
    const own = await eventsOf(log, topic)
    const inAll = all.filter((event) => event.topic === topic)
    assertEqual(places(own), places(inAll), `what read('${topic}') gives, against read('*')`)
    const { count, last } = await log.describe(topic)
    assertEqual(count, own.length, `describe('${topic}').count`)
    if (own.length > 0) assertEqual(last.id, own.at(-1)!.id, `describe('${topic}').last.id`)
  }
}
