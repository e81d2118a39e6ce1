import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

for (const cents of [100, 250, 300]) await log.append('sales', bytes({ cents }))

//#region
// A cursor remembers under a name how far somebody has read.
const cursor = log.cursor('sales', 'accounting')
for await (const event of cursor.read({ limit: 2 })) {
  await cursor.commit(event)
}
console.log(await cursor.lag(), 'to go') //=> 1 to go
for await (const event of cursor.read()) {
  console.log(event.sequence) //=> 3
  await cursor.commit(event)
}
//#endregion
