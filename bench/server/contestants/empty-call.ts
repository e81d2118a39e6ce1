import { fileURLToPath } from 'node:url'
import type { Contestant } from '../../src/scenario'
import { emptyPath } from '../empty-path'
import { PlainClient } from '../plain-grpc'
import { freePort, startNode } from '../server-process'
import { measureCalls } from '../unary-calls'

/** As seen from bench/dist. */
const script = fileURLToPath(new URL('empty-service.js', import.meta.url))

/** What grpc-js takes for a call that does nothing: the limit for every unary call. */
export const emptyCall: Contestant = {
  name: 'empty call',
  async run(run) {
    const port = await freePort()
    const server = await startNode(script, [String(port)], port)
    const client = new PlainClient(port)
    const bytes = (value: Buffer) => value
    const nothing = Buffer.alloc(0)
    const { perSecond } = await measureCalls(run, () => {
      return client.call(emptyPath, bytes, bytes, nothing)
    })
    client.close()
    await server.stop()
    return { rate: perSecond }
  },
}
