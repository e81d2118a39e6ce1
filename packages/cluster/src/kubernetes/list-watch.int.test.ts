import { describe, expect, it } from 'vitest'
import type { Clock, GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import { KubernetesClient } from './kubernetes-client.js'
import { listWatch } from './list-watch.js'
import { leases } from './resource.js'

const namespace = 'poets'

/** Follows the Leases of a server, and tells what it hears. */
class Follower {
  readonly client: KubernetesClient
  readonly stop: () => void
  readonly problems: GoetheError[] = []
  names: string[] = []
  #heard: (() => void)[] = []

  constructor(server: FakeApiServer, clock?: Clock) {
    this.client = KubernetesClient.open(
      { server: server.url, namespace, readCredentials: async () => ({}) },
      clock && { clock },
    )
    this.stop = listWatch(
      this.client,
      leases,
      {},
      {
        onObjects: (objects) => {
          this.names = objects.map(({ metadata }) => metadata.name).sort()
          this.#wake()
        },
        onProblem: (error) => {
          this.problems.push(error)
          this.#wake()
        },
      },
    )
  }

  /** Resolves when this holds, which is looked at whenever something is heard. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#heard.push(resolve))
  }

  async knows(...names: string[]): Promise<void> {
    await this.until(() => this.names.join() === names.join())
  }

  #wake(): void {
    for (const resolve of this.#heard.splice(0)) resolve()
  }
}

const put = (server: FakeApiServer, name: string): void => {
  server.put('leases', namespace, name, {})
}

describe('whoever follows', () => {
  it('knows what is there, what comes and what goes', async () => {
    await using server = await FakeApiServer.start()
    put(server, 'a')
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server)
    await follower.knows('a')
    put(server, 'b')
    await follower.knows('a', 'b')
    await watching
    server.put('leases', namespace, 'a')
    await follower.knows('b')
    expect(follower.problems).toEqual([])
    await follower.client.close()
  })

  it('lists all anew when its version has expired', async () => {
    await using server = await FakeApiServer.start()
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server)
    await watching
    const listed = server.nextRequest('list leases')
    server.expireWatches()
    await listed
    put(server, 'a')
    await follower.knows('a')
    expect(follower.problems).toEqual([])
    await follower.client.close()
  })

  it('learns by a list what the history of the server does not hold any more', async () => {
    await using server = await FakeApiServer.start()
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server)
    await watching
    await server.stop()
    put(server, 'a')
    server.compact()
    await server.listen()
    await follower.knows('a')
    expect(server.requests).toContain('watch leases')
    await follower.client.close()
  })

  it('breaks off a watch that hears not even bookmarks', async () => {
    await using server = await FakeApiServer.start()
    const clock = manualClock()
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server, clock)
    await watching
    await expect.poll(() => server.watchers).toBe(1)
    put(server, 'a')
    await follower.knows('a')
    // The server has lost its memory: it knows of no version as late as ours, and says nothing.
    const listed = server.nextRequest('list leases')
    clock.advance(90_000)
    await pausedUntil(clock, listed)
    expect(follower.problems).toEqual([])
    await follower.client.close()
  })

  it('does not break off a watch that hears something each minute', async () => {
    await using server = await FakeApiServer.start()
    const clock = manualClock()
    const follower = new Follower(server, clock)
    await expect.poll(() => server.watchers).toBe(1)
    for (let minutes = 0; minutes < 4; minutes++) {
      server.bookmark()
      put(server, `lease-${minutes}`)
      await follower.until(() => follower.names.length === minutes + 1)
      clock.advance(60_000)
    }
    expect(server.requests).toEqual(['list leases', 'watch leases'])
    await follower.client.close()
  })

  it('goes on from what an older backup of the store holds', async () => {
    await using server = await FakeApiServer.start()
    put(server, 'a')
    put(server, 'b')
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server)
    await watching
    server.restoreBackup(50)
    const again = server.nextRequest('watch leases')
    server.endWatches()
    await again
    put(server, 'c')
    await follower.knows('a', 'b', 'c')
    expect(follower.problems).toEqual([])
    await follower.client.close()
  })

  it('goes on when the server has stopped slowly and started again', async () => {
    await using server = await FakeApiServer.start()
    const watching = server.nextRequest('watch leases')
    const follower = new Follower(server)
    await watching
    const drained = server.drain()
    put(server, 'a')
    await follower.knows('a')
    server.endWatches()
    await drained
    await follower.until(() => follower.problems.length > 0)
    await server.listen()
    put(server, 'b')
    await follower.knows('a', 'b')
    expect(follower.problems[0]).toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    await follower.client.close()
  })

  it('lists anew after a line that is no event', async () => {
    await using server = await FakeApiServer.start()
    const follower = new Follower(server)
    await expect.poll(() => server.watchers).toBe(1)
    const listed = server.nextRequest('list leases')
    server.garble()
    await listed
    expect(follower.problems[0]?.message).toMatch(/^The watch broke off: /)
    await follower.client.close()
  })

  it('says which right is missing, and goes on once it has it', async () => {
    await using server = await FakeApiServer.start()
    server.forbidden.add('watch leases')
    const follower = new Follower(server)
    await follower.until(() => follower.problems.length > 0)
    expect(follower.problems[0]).toMatchObject({
      code: 'GOETHE_FORBIDDEN',
      message: expect.stringContaining('resources: ["leases"], verbs: ["watch"]') as string,
    })
    server.forbidden.clear()
    put(server, 'a')
    await follower.knows('a')
    await follower.client.close()
  })

  it.each(['list leases', 'watch leases'])(
    'does not wait for ever for the answer to %s',
    async (what) => {
      await using server = await FakeApiServer.start()
      server.silent = what
      const clock = manualClock()
      const asked = server.nextRequest(what)
      const follower = new Follower(server, clock)
      await asked
      clock.advance(5000)
      await follower.until(() => follower.problems.length > 0)
      expect(follower.problems[0]).toMatchObject({
        code: 'GOETHE_UNAVAILABLE',
        message: `The API server at ${server.url} gave no answer in 5000 ms`,
      })
      server.silent = false
      put(server, 'a')
      await pausedUntil(clock, follower.knows('a'))
      await follower.client.close()
    },
  )

  it('asks nothing any more once it has stopped', async () => {
    await using server = await FakeApiServer.start()
    const follower = new Follower(server)
    await expect.poll(() => server.watchers).toBe(1)
    follower.stop()
    await expect.poll(() => server.watchers).toBe(0)
    expect(server.requests).toEqual(['list leases', 'watch leases'])
    await follower.client.close()
  })
})

/** Lets pauses between tries pass until something happens. */
async function pausedUntil(
  clock: ReturnType<typeof manualClock>,
  happens: Promise<void>,
): Promise<void> {
  let isOver = false
  void happens.then(() => {
    isOver = true
  })
  while (!isOver) {
    clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
