import { EventLog, isGoetheError } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

//#region
// Only if nothing came in between: the last event must still be this one.
await log.append('account-7', bytes({ opened: true }), { expect: 'empty' })
await log.append('account-7', bytes({ deposited: 50 }), { expect: 1 })
try {
  await log.append('account-7', bytes({ withdrawn: 50 }), { expect: 1 })
} catch (error) {
  if (!isGoetheError(error, 'GOETHE_CONFLICT')) throw error
  console.log('somebody was faster, at event', error.details.lastSequence) //=> somebody was faster, at event 2
}

// A retry that cannot append twice: the same producer sequence is appended once.
const producer = { id: 'till-3', sequence: 1 }
await log.append('sales', bytes({ cents: 350 }), { producer })
const retried = await log.append('sales', bytes({ cents: 350 }), { producer })
console.log(retried.repeated, retried.lastSequence) //=> true 1
//#endregion
