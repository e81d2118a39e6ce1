import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

for (const [day, item] of [
  ['2026-01-10', 'Faust'],
  ['2026-02-10', 'Egmont'],
  ['2026-03-10', 'Iphigenie'],
]) {
  await log.append('orders', bytes(item), { time: new Date(String(day)) })
}

//#region
// From a point in time, whether or not there is an event at it: the nearest one after it comes first.
for await (const event of log.read('orders', { from: new Date('2026-02-01') })) {
  console.log(event.json(), event.time.toISOString().slice(0, 10))
}
//=> Egmont 2026-02-10
//=> Iphigenie 2026-03-10

// The newest first; from a sequence; up to a time.
const [last] = await log.read('orders', { reverse: true, limit: 1 }).toArray()
console.log(last?.json()) //=> Iphigenie
const second = await log.read('orders', { from: 2, to: new Date('2026-03-01') }).toArray()
console.log(second.length) //=> 1

// Which event is nearest?
const closest = await log.seek('orders', new Date('2026-02-20'), { nearest: 'closest' })
console.log(closest?.json()) //=> Egmont

// The whole log in its one order, or all topics that begin alike. In arrays, as they are stored.
for await (const events of log.read('*').batches()) {
  console.log(events.length) //=> 3
}
for await (const event of log.read({ prefix: 'ord' }, { limit: 1 })) {
  console.log(event.topic) //=> orders
}
//#endregion
