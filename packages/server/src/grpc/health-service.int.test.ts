import { once } from 'node:events'
import {
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  status,
} from '@grpc/grpc-js'
import { GoetheError } from '@goethe/core'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { service } from 'grpc-health-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { type GrpcTestServer, startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import type { StoreState } from '../log-store.js'

interface Health extends Client {
  check(request: { service: string }, callback: Callback<{ status: string }>): void
  list(request: object, callback: Callback<{ statuses: Record<string, { status: string }> }>): void
  watch(request: { service: string }): ClientReadableStream<{ status: string }>
}
type Callback<Answer> = (error: Error | null, answer: Answer) => void

const Health = loadPackageDefinition({ Health: service } as never)['Health'] as unknown as new (
  address: string,
  secret: ReturnType<typeof credentials.createInsecure>,
) => Health

describe('grpc.health.v1', () => {
  let state: StoreState
  let clock: ManualClock
  /** How often the store was looked at. */
  let looks: number
  let server: GrpcTestServer
  let client: Health

  beforeEach(async () => {
    state = { type: 'open' }
    clock = manualClock()
    looks = 0
    server = await startGrpcTestServer({
      clock,
      context: {
        storeState: () => {
          looks++
          return state
        },
        // Those who ask for health need not say who they are.
        identify: () => Promise.reject(new GoetheError('GOETHE_UNAUTHENTICATED', 'Who?')),
      },
    })
    client = new Health(server.address, credentials.createInsecure())
    return async () => {
      client.close()
      await server[Symbol.asyncDispose]()
    }
  })

  const check = (name: string): Promise<string> =>
    new Promise((resolve, reject) => {
      client.check({ service: name }, (error, answer) =>
        error === null ? resolve(answer.status) : reject(error),
      )
    })
  const watch = (name = ''): AsyncIterator<{ status: string }> =>
    client.watch({ service: name })[Symbol.asyncIterator]()
  const nextOf = async (watching: AsyncIterator<{ status: string }>): Promise<string> => {
    const { value } = await watching.next()
    return (value as { status: string }).status
  }

  test.each(['', 'goethe.v1.EventLog', 'io.typusomega.goethe.Goethe'])(
    '%j is served while the log is open',
    async (name) => {
      expect(await check(name)).toBe('SERVING')
    },
  )

  test('a service that there is not is not found', async () => {
    await expect(check('goethe.v2.EventLog')).rejects.toMatchObject({ code: status.NOT_FOUND })
  })

  test('a log that can only be read is served', async () => {
    state = { type: 'read-only', reason: 'The disk is full' }
    expect(await check('')).toBe('SERVING')
  })

  test('a log that failed is not served, until it was opened again', async () => {
    state = { type: 'failed', reason: 'A write failed' }
    expect(await check('goethe.v1.EventLog')).toBe('NOT_SERVING')
    state = { type: 'open' }
    expect(await check('goethe.v1.EventLog')).toBe('SERVING')
  })

  test('all services can be listed', async () => {
    const answer = new Promise<{ statuses: object }>((resolve, reject) => {
      client.list({}, (error, listed) => (error === null ? resolve(listed) : reject(error)))
    })
    expect(Object.keys((await answer).statuses).sort()).toEqual([
      '',
      'goethe.v1.EventLog',
      'io.typusomega.goethe.Goethe',
    ])
  })

  test('who watches is told what is, and each change once', async () => {
    const watching = watch()
    expect(await nextOf(watching)).toBe('SERVING')
    state = { type: 'read-only', reason: 'The disk is full' }
    clock.advance(5000)
    state = { type: 'failed', reason: 'A write failed' }
    clock.advance(5000)
    expect(await nextOf(watching)).toBe('NOT_SERVING')
    state = { type: 'open' }
    clock.advance(1000)
    expect(await nextOf(watching)).toBe('SERVING')
  })

  test('one timer looks for all, however often watchers come and go', async () => {
    for (let times = 0; times < 3; times++) {
      const watching = client.watch({ service: '' })
      watching.on('error', () => undefined)
      await once(watching, 'data')
      watching.cancel()
      // Behind it on the same connection.
      await check('')
      await check('')
    }
    expect(await nextOf(watch())).toBe('SERVING')
    looks = 0
    clock.advance(1000)
    expect(looks).toBe(1)
  })

  test('who watches a service that there is not is told so', async () => {
    expect(await nextOf(watch('goethe.v2.EventLog'))).toBe('SERVICE_UNKNOWN')
  })

  test('who watches is told that the server stops, which does not wait for that', async () => {
    const watching = watch()
    expect(await nextOf(watching)).toBe('SERVING')
    const stopped = server.stop()
    expect(await nextOf(watching)).toBe('NOT_SERVING')
    await expect(watching.next()).rejects.toMatchObject({ code: status.UNAVAILABLE })
    await stopped
  })
})
