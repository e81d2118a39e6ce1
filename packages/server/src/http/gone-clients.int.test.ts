/** What a request held is given back also where its client went while something was awaited. */
import { type ClientRequest, request as httpRequest } from 'node:http'
import { EventLog } from '@goethe/core'
import { expect, test } from 'vitest'
import { CopyLevel } from '../../../core/tests-support/copy-level.js'
import { testContext } from '../../tests-support/test-context.js'
import { everybody } from '../identity.js'
import { createLogger } from '../log-writer.js'
import type { ServerContext } from '../server-context.js'
import { startHttp } from './http-server.js'

/** A promise, and what fulfils it. */
function pending(): { promise: Promise<void>; fulfil: () => void } {
  let fulfil = (): void => undefined
  const promise = new Promise<void>((resolve) => {
    fulfil = resolve
  })
  return { promise, fulfil }
}

/** A server which tells when it has begun to wait, and when a request has ended. */
async function startWaitingServer(wait: 'identify' | 'confirm') {
  const [began, ended, goOn] = [pending(), pending(), pending()]
  const level = new CopyLevel()
  const log = await EventLog.open(level)
  const stopping = new AbortController()
  const write = (line: string): void => {
    if ((JSON.parse(line) as { msg: string }).msg === 'request') ended.fulfil()
  }
  const waiting = async (): Promise<void> => {
    began.fulfil()
    await goOn.promise
  }
  const waitingLog = new Proxy(log, {
    get: (target, name) => {
      if (name === 'confirm') return waiting
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const context: ServerContext = testContext(log, stopping.signal, {
    flags: { httpPort: 0, limitsTailsPerTopic: 1 },
    context: {
      logger: createLogger({ level: 'debug', format: 'json' }, { write }),
      ...(wait === 'identify' && { identify: () => waiting().then(() => everybody) }),
      ...(wait === 'confirm' && { logFor: () => waitingLog }),
    },
  })
  const listener = await startHttp(context)
  const url = `http://127.0.0.1:${listener.address.port}`
  return {
    context,
    url,
    /** Sends a request, and breaks off as soon as the server waits; resolves once it has gone on. */
    async leave(path: string, send: (request: ClientRequest) => void, method: string) {
      const request = httpRequest(url + path, {
        method,
        ...(method === 'POST' && { headers: { 'content-length': 1000 } }),
      })
      request.on('error', () => undefined)
      send(request)
      await began.promise
      request.destroy()
      await ended.promise
      goOn.fulfil()
      await fetch(`${url}/livez`)
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await listener.stop(0)
      await log.close()
    },
  }
}

test('bytes that were announced by a client who left before it was known', async () => {
  await using server = await startWaitingServer('identify')
  await server.leave('/v1/topics/a/events', (request) => request.write('x'), 'POST')
  expect(server.context.admission.inFlightBytes).toBe(0)
})

test('the tail of a reader who left before the leader had answered', async () => {
  await using server = await startWaitingServer('confirm')
  const path = '/v1/topics/a/events?follow=true&consistency=linearizable'
  await server.leave(path, (request) => request.end(), 'GET')
  server.context.admission.tail('a')()
  const metrics = await server.context.metrics.registry.metrics()
  expect(metrics).not.toMatch(/^goethe_(streams|tails)\{.*\} [^0]/m)
})
