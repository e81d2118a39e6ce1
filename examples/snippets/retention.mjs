import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

for (const cents of [100, 250, 300, 120]) await log.append('sales', bytes({ cents }))

//#region
// Remove what came before a time, an id or a sequence …
const { count } = await log.trim('sales', { before: 3 })
console.log(count, 'events removed') //=> 2 events removed

// … or let the log do it: here all that is older than 30 days or beyond the last million.
await log.setRetention('sales', { ageMs: 30 * 24 * 3_600_000, count: 1_000_000 })

// A cursor that holds keeps events until it has passed them.
const cursor = log.cursor('sales', 'accounting', { hold: true })
for await (const event of cursor.read({ limit: 1 })) await cursor.commit(event)
const { heldBy } = await log.trim('sales', { before: new Date() })
console.log(heldBy) //=> accounting
//#endregion
