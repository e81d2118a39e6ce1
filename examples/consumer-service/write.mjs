// Puts mails into the queue, one for each address:
//
//     node examples/consumer-service/write.mjs lotte@example.com werther@example.com nobody
import { connect } from '@goethe/client'

const log = connect(process.env.GOETHE_SERVER ?? 'goethe://127.0.0.1:1337')
const mails = process.argv.slice(2).map((to) => ({ to, subject: 'The sorrows of young Werther' }))
const encoder = new TextEncoder()
const receipt = await log.append(
  'mails',
  mails.map((mail) => encoder.encode(JSON.stringify(mail))),
)
console.log(`${receipt.count} mails queued, up to #${receipt.lastSequence}`)
await log.close()
