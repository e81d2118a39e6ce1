// One of several workers that send mails. Start as many as you like: each mail goes to one of them.
//
//     node examples/consumer-service/worker.mjs
//     node examples/consumer-service/worker.mjs --server goethe://host:1337
//
// Ctrl-C or SIGTERM lets it finish the mail in its hand; the others go to other workers at once.
import { parseArgs } from 'node:util'
import { connect } from '@goethe/client'
import { sendMail } from './send-mail.mjs'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: process.env.GOETHE_SERVER ?? 'goethe://127.0.0.1:1337' },
  },
})

const log = connect(values.server)
log.on('disconnect', () => console.log('the server is gone; waiting for it'))
log.on('reconnect', () => console.log('going on'))

const mails = log.consumer('mails', 'mailer', {
  // One mail at a time, so that no other waits behind it while somebody else is idle.
  maxInFlight: 1,
  // Whoever is silent for so long is taken for dead, and the mail goes to another worker.
  ackTimeoutMs: 10_000,
  // A mail that fails three times is set aside, where people can look at it.
  maxAttempts: 3,
  deadLetter: 'mails-failed',
})

let isBusy = false
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    isStopping = true
    // Closing ends the wait for the next one; a mail under way is finished first.
    if (!isBusy) void mails.close()
  })
}

console.log('ready')
for await (const delivery of mails) {
  isBusy = true
  const { event, attempt } = delivery
  try {
    await sendMail(event.json())
    await delivery.ack()
    console.log(`sent #${event.sequence}`)
  } catch (error) {
    console.log(`failed #${event.sequence}, attempt ${attempt}: ${String(error)}`)
    // Later, and later each time: what is wrong may pass.
    await delivery.nack({ delayMs: 50 * 2 ** attempt }).catch(() => undefined)
  }
  isBusy = false
  if (isStopping) break
}
await log.close()
console.log('ended')
