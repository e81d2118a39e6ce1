import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

const times = ['2024-05-01', '2025-01-01', '2025-02-01']
for (const time of times) await log.append('sales', bytes(1), { time: new Date(time) })

//#region
console.log(await log.topics()) //=> [ 'sales' ]

const { count, first, last } = await log.describe('sales')
console.log(count, first?.sequence, last.sequence) //=> 3 1 3

// From the time index alone: no event is read.
for (const { start, count } of await log.histogram('sales', { interval: 'year' })) {
  console.log(start.getUTCFullYear(), count)
}
//=> 2024 1
//=> 2025 2
//#endregion
