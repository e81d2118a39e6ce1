import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

//#region
const stop = new AbortController()
setTimeout(() => void log.append('orders', bytes('Faust')), 10)

// What is there, then what comes, without a gap or a duplicate, until the signal fires.
const { signal } = stop
for await (const event of log.read('orders', { follow: true, signal })) {
  console.log(event.json()) //=> Faust
  break // leaving the loop ends the read as well
}
//#endregion
await log.close()
