import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { EventClient, ServerKind } from '../event-server'

/** No server: payloads are written to a file, and `fdatasync` is called after each. */
export const disk: ServerKind = {
  name: 'write and fdatasync',
  start(directory) {
    const descriptor = openSync(join(directory, 'events'), 'a')
    let count = 0
    const append = (payload: Buffer) => {
      writeSync(descriptor, payload)
      fdatasyncSync(descriptor)
      count++
      return Promise.resolve()
    }
    const client: EventClient = {
      append,
      appendBatch: (payloads) => append(Buffer.concat(payloads)),
      read: unsupported,
      follow: unsupported,
      consume: unsupported,
      count: () => Promise.resolve(count),
      close: () => Promise.resolve(),
    }
    return Promise.resolve({
      port: 0,
      processId: process.pid,
      connect: () => Promise.resolve(client),
      close: () => Promise.resolve(closeSync(descriptor)),
    })
  },
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('The disk is only written to'))
}
