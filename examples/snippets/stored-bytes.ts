// The bytes that docs/storage.md shows: a small log with a fixed id at a fixed time, as a store has it.
import { EventLog } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { MemoryLevel } from 'memory-level'
import { vi } from 'vitest'

/** Keys, values and frames by the names that the page gives them. */
export async function storedBytes(): Promise<Map<string, Uint8Array>> {
  // A log's id is random: here it is 00010203-0405-4607-8809-0a0b0c0d0e0f.
  vi.stubGlobal('crypto', {
    getRandomValues: (bytes: Uint8Array) => bytes.map((_, index) => index),
  })
  const database = new MemoryLevel<Uint8Array, Uint8Array>({
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  const log = await EventLog.open(database, { clock: manualClock() })
  vi.unstubAllGlobals()
  await fill(log)
  const named = new Map<string, Uint8Array>()
  for await (const [key, value] of database.iterator()) {
    const name = nameOf(key)
    named.set(`${name} key`, key)
    named.set(`${name} value`, value)
  }
  for (const [type, frame] of await frames(log)) named.set(`${type} frame`, frame)
  await log.close()
  return named
}

async function fill(log: EventLog): Promise<void> {
  const encoder = new TextEncoder()
  const payloads = ['Faust', 'Egmont', 'Tasso'].map((text) => encoder.encode(text))
  await log.append('orders', payloads, { producer: { id: 'till-3', sequence: 7 } })
  await log.setRetention('orders', { count: 1000 })
  const consumer = log.consumer('orders', 'billing')
  const held = []
  for await (const delivery of consumer) {
    held.push(delivery)
    if (held.length < 3) continue
    await held[0]?.ack()
    await held[2]?.ack()
    break
  }
}

/** The sublevel of a key, and for `meta` the name behind it. */
function nameOf(key: Uint8Array): string {
  const [, sublevel = '', rest = ''] = new TextDecoder('latin1').decode(key).split('!')
  return sublevel === 'meta' ? `meta ${rest}` : sublevel
}

/** The frames of an export by their type. */
async function frames(log: EventLog): Promise<Map<string, Uint8Array>> {
  const types = ['header', 'topic', 'commit', 'cursor', 'producer', 'end']
  const found = new Map<string, Uint8Array>()
  await log.exportTo((frame) => {
    found.set(types[(frame[0] ?? 0) - 1] ?? '', frame.slice())
  })
  return found
}
