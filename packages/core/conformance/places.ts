/**
 * A topic whose events lie in blocks of several sizes with times between them, and every place in
 * it that a position can name. What the log answers is compared with a dumb filter over an array.
 */
import type { EventLogApi } from '../src/api.js'
import type { Position } from '../src/read-api.js'
import type { LogEvent } from '../src/log-event.js'
import { numbered, payload } from './support.js'

export const topic = 'orders'

/** Appends 12 events in blocks of 1 to 4 with another topic's between; resolves with the 12. */
export async function appendPlaces(log: EventLogApi): Promise<LogEvent[]> {
  const hour = 3_600_000_000_000n
  let time = 1_000_000_000_000_000_000n
  for (const [count, gap] of [
    [1, 1_000_000n],
    [3, 5n],
    [2, 1n],
    [4, 3n * hour],
    [1, 2n],
    [1, 100n * hour],
  ] as const) {
    time += gap
    await log.append(topic, numbered('o', count), { time })
    time += BigInt(count)
    await log.append('other', payload('x'), { time })
  }
  return log.read(topic).toArray()
}

/** A position with the id that it stands for; `beforeIt` where it lies before that id's event. */
export interface Place {
  position: Position
  name: string
  id: bigint
}

/** Positions at, between, before and behind these events, which may be the rest of a topic. */
export function placesOf(all: readonly LogEvent[]): Place[] {
  const [first, last] = [all[0]!, all.at(-1)!]
  const idPlaces = new Set([0n, 1n, first.id - 1n, last.id + 1n, last.id + 10n ** 12n])
  for (const { id } of all) for (const at of [id - 1n, id, id + 1n]) idPlaces.add(at)
  const places: Place[] = [...idPlaces].map((id) => ({ position: id, name: `id ${id}`, id }))
  for (const { id, sequence } of all) {
    places.push({ position: sequence, name: `sequence ${sequence}`, id })
    const time = new Date(Number(id / 1_000_000n))
    const timeId = BigInt(time.getTime()) * 1_000_000n
    places.push({ position: time, name: `time of ${sequence}`, id: timeId })
    const next = new Date(time.getTime() + 1)
    places.push({ position: next, name: `after time of ${sequence}`, id: timeId + 1_000_000n })
  }
  places.push({ position: last.sequence + 5, name: 'beyond the last sequence', id: last.id + 1n })
  places.push({ position: new Date(-1), name: 'before 1970', id: 0n })
  places.push({ position: new Date('2200-01-01'), name: 'the year 2200', id: 2n ** 63n })
  return places
}
