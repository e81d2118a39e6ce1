//#region
import { connect } from '@goethe/client'

const log = connect(process.env.GOETHE_SERVER ?? 'goethe://127.0.0.1:1337')
log.on('disconnect', ({ error }) => console.error('gone, calls wait:', error.message))
log.on('reconnect', ({ address }) => console.error('back at', address))

const order = new TextEncoder().encode('{"item":"Faust"}')
const receipt = await log.append('orders', order)
console.log(receipt.durability, receipt.repeated) //=> fsync false

// From the newest event on, whatever happens to the connection meanwhile.
for await (const event of log.read('orders', { from: receipt.lastId, follow: true })) {
  console.log(event.json()) //=> { item: 'Faust' }
  break
}

await log.close()
//#endregion
