import { Client, credentials, status } from '@grpc/grpc-js'
import type { AbortSignalLike, AppendOptions } from '@goethe/core'
import { eventLogMethods, legacyMethods, create, messages } from '@goethe/protocol'
import { expect, test } from 'vitest'
import { startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import type { ServedLog } from '../served-log.js'
import { methodDefinition } from './method-definition.js'

/** A log whose appends wait until their signals fire, and those signals. */
function waitingLog() {
  const signals: (AbortSignalLike | undefined)[] = []
  let came: () => void = () => undefined
  const append = (_topic: string, _payloads: unknown, { signal }: AppendOptions = {}) => {
    signals.push(signal)
    came()
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('It was given up')))
    })
  }
  return {
    log: { append } as unknown as ServedLog,
    signals,
    next: () => new Promise<void>((resolve) => (came = resolve)),
  }
}

const part = {
  topic: 'plays',
  payloads: [Buffer.from('Faust')],
  expect: undefined,
  producer: undefined,
  time: undefined,
}
const event = create(messages.LegacyEventSchema, {
  topic: { id: 'plays' },
  payload: Buffer.from('Faust'),
})

test.each([
  ['Append', methodDefinition(eventLogMethods.append), part],
  ['Produce', methodDefinition(legacyMethods.produce), event],
])('%s is given up where its caller has gone', async (_name, method, request) => {
  const { log, signals, next } = waitingLog()
  await using server = await startGrpcTestServer({ context: { logFor: () => log } })
  const client = new Client(server.address, credentials.createInsecure())
  try {
    const { path, requestSerialize, responseDeserialize } = method as ReturnType<
      typeof methodDefinition<unknown, unknown>
    >
    const came = next()
    const ended = new Promise<number | undefined>((resolve) => {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error) => resolve(error?.code),
      )
      void came.then(() => {
        expect(signals[0]?.aborted).toBe(false)
        call.cancel()
      })
    })
    expect(await ended).toBe(status.CANCELLED)
    await new Promise<void>((resolve) => {
      if (signals[0]!.aborted) resolve()
      else signals[0]!.addEventListener('abort', () => resolve())
    })
  } finally {
    client.close()
  }
})
