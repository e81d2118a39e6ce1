// What a user would write first, against the packed packages.
import assert from 'node:assert/strict'
import { EventLog, GoetheError, type Receipt } from '@goethe/core'
import * as conformance from '@goethe/core/conformance'
import * as testing from '@goethe/core/testing'
import { MemoryLevel } from 'memory-level'

assert.notEqual(Object.keys(conformance).length, 0)
assert.notEqual(Object.keys(testing).length, 0)

const log = await EventLog.open(new MemoryLevel())

const receipts: Receipt[] = []
log.on('append', (receipt) => receipts.push(receipt))
// @ts-expect-error: the types know the events' names, in every kind of module resolution.
log.on('apend', () => {})

await log.append('orders', new TextEncoder().encode('{"total":42}'))
const [event] = await log.read('orders').toArray()
assert.deepEqual(event?.json(), { total: 42 })
assert.equal(receipts[0]?.lastId, event?.id)

await log.close()
await assert.rejects(
  log.append('orders', new Uint8Array()),
  (error) => error instanceof GoetheError && error.code === 'GOETHE_CLOSED',
)
