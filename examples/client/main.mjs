// A thermometer and its display, on a log behind a server: one part appends, the other one follows.
//
//     node examples/client/main.mjs                        a reading a second, until Ctrl-C
//     node examples/client/main.mjs --every 100            ten a second
//     node examples/client/main.mjs --server goethe://host:1337
import { parseArgs } from 'node:util'
import { connect } from '@goethe/client'
import { isGoetheError } from '@goethe/core'
import { display } from './display.mjs'
import { measure } from './thermometer.mjs'

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: process.env.GOETHE_SERVER ?? 'goethe://127.0.0.1:1337' },
    every: { type: 'string', default: '1000' },
  },
})

const log = connect(values.server)
log.on('connect', ({ address }) => console.log(`connected to ${address}`))
log.on('disconnect', () => console.log('the server is gone; what is appended now waits for it'))
log.on('reconnect', ({ address }) => console.log(`connected to ${address} again`))

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

try {
  await Promise.all([
    measure(log, Number(values.every), stop.signal),
    display(log, (line) => console.log(line), stop.signal),
  ])
} catch (error) {
  // Ended by the signal, as it is meant to be.
  if (!isGoetheError(error, 'GOETHE_ABORTED')) throw error
} finally {
  // Waits for what is under way.
  await log.close()
  console.log('ended')
}
