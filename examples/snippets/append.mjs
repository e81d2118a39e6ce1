import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

//#region
// One event, or several that become visible together.
await log.append('orders', bytes({ item: 'Faust' }))
const receipt = await log.append('orders', [
  bytes({ item: 'Egmont' }),
  bytes({ item: 'Iphigenie' }),
])
console.log(receipt.firstSequence, receipt.lastSequence) //=> 2 3
console.log(receipt.lastId - receipt.firstId) //=> 1n

// Several topics, all or nothing.
await log.appendAll([
  { topic: 'orders', payloads: bytes({ item: 'Götz' }) },
  { topic: 'invoices', payloads: bytes({ item: 'Götz', cents: 1200 }) },
])
//#endregion
