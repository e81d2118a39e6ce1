import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())

await log.append('mails', [bytes('Lotte'), bytes('nobody'), bytes('Werther')])
/** @param {unknown} name */
const send = async (name) => {
  if (name === 'nobody') throw new Error('no such address')
}
let handled = 0

//#region
// Consumers of one name share the work: each event goes to one of them, at least once.
const mailer = log.consumer('mails', 'mailer', { maxAttempts: 2, deadLetter: 'mails-failed' })
for await (const delivery of mailer) {
  try {
    await send(delivery.event.json())
    await delivery.ack()
  } catch {
    await delivery.nack() // delivered again, here or elsewhere; after two attempts it is set aside
  }
  //#endregion
  if (++handled === 4) break
  //#region
}
//#endregion
const [failed] = await log.read('mails-failed', { follow: true, limit: 1 }).toArray()
console.log(failed?.json()) //=> nobody
