//#region
import { EventLog } from '@goethe/core'
import { ClassicLevel } from 'classic-level'

const database = new ClassicLevel('./my-log', { writeBufferSize: 64 * 1024 * 1024 })
const log = await EventLog.open(database)

const order = new TextEncoder().encode('{"item":"Faust","copies":2}')
const receipt = await log.append('orders', order)
console.log(`event ${receipt.firstSequence} is on the disk`) //=> event 1 is on the disk

for await (const event of log.read('orders')) {
  console.log(event.sequence, event.text()) //=> 1 {"item":"Faust","copies":2}
}

await log.close()
//#endregion
