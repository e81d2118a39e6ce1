import { GoetheError } from '@goethe/core'
import { describe, expect, test } from 'vitest'
import { peerPair } from '../../tests-support/peer-pair.js'
import { TestPeer } from '../../tests-support/peers.js'

const request = Buffer.from('everything')

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  for await (const chunk of chunks) found.push(chunk)
  return found
}

const failure = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error

describe('bulk data', () => {
  test('comes whole and in order, and the request says what', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    b.transport.onFetch(async function* (from, asked) {
      yield Buffer.from(`${from.member} asked for ${Buffer.from(asked).toString()}`)
      for (let index = 0; index < 100; index++) yield Buffer.alloc(100_000, index)
    })
    const chunks = await all(a.transport.fetch('b', request))
    expect(Buffer.from(chunks[0]!).toString()).toBe('a asked for everything')
    expect(chunks.slice(1).map((chunk) => [chunk.length, chunk[0]])).toEqual(
      Array.from({ length: 100 }, (_, index) => [100_000, index]),
    )
  })

  test('that fails at its source ends with the code of the failure', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    b.transport.onFetch(async function* () {
      yield Buffer.from('some')
      throw new GoetheError('GOETHE_CORRUPT', 'the store is damaged')
    })
    await expect(all(a.transport.fetch('b', request))).rejects.toThrow(
      failure('GOETHE_CORRUPT', 'Member b says: the store is damaged'),
    )
  })

  test('that is cut is not taken for whole', async () => {
    await using peers = await peerPair()
    const { a, b, proxy } = peers
    b.transport.onFetch(async function* () {
      for (;;) yield Buffer.alloc(10_000)
    })
    const chunks = a.transport.fetch('b', request)[Symbol.asyncIterator]()
    await chunks.next()
    proxy.cut()
    const rest = async () => {
      for (;;) if ((await chunks.next()).done === true) return
    }
    await expect(rest()).rejects.toThrow(failure('GOETHE_UNAVAILABLE', 'Member b'))
  })

  test('is made no faster than it is read', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    let made = 0
    b.transport.onFetch(async function* () {
      for (; made < 500; made++) yield Buffer.alloc(100_000)
    })
    const chunks = a.transport.fetch('b', request)[Symbol.asyncIterator]()
    await chunks.next()
    // Meanwhile there is time enough to send a lot of it.
    for (let index = 0; index < 100; index++) {
      a.transport.send('b', 'replica', [Buffer.alloc(100_000)])
      await b.until(() => b.received.length > index)
    }
    // What the buffers of the system take, some 10 MB.
    expect(made).toBeLessThan(300)
    let read = 1
    while ((await chunks.next()).done !== true) read++
    expect(read).toBe(500)
  })

  test('does not hold up messages', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    b.transport.onFetch(async function* () {
      for (;;) yield Buffer.alloc(100_000)
    })
    const chunks = a.transport.fetch('b', request)[Symbol.asyncIterator]()
    await chunks.next()
    a.say('b', 'heartbeat')
    expect(await b.messages(1)).toEqual(['heartbeat'])
    await chunks.return?.()
  })

  test('that is read no further ends at its source too', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    const ended = new Promise<boolean>((resolve) => {
      b.transport.onFetch(async function* (_from, _asked, signal) {
        try {
          for (;;) yield Buffer.alloc(100_000)
        } finally {
          resolve(signal.aborted)
        }
      })
    })
    for await (const chunk of a.transport.fetch('b', request)) {
      expect(chunk).toHaveLength(100_000)
      break
    }
    expect(await ended).toBe(true)
  })

  test('ends with its signal, also while nothing comes', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    const asked = new Promise<void>((resolve) => {
      b.transport.onFetch(async function* (_from, _asked, signal) {
        resolve()
        await new Promise((abort) => {
          signal.addEventListener('abort', abort)
        })
        yield Buffer.of()
      })
    })
    const stopping = new AbortController()
    const fetched = all(a.transport.fetch('b', request, stopping.signal))
    await asked
    stopping.abort()
    await expect(fetched).rejects.toThrow(failure('GOETHE_ABORTED'))
  })

  test('ends when the transport is closed', async () => {
    await using peers = await peerPair()
    const { a, b } = peers
    b.transport.onFetch(async function* () {
      for (;;) yield Buffer.alloc(10)
    })
    const chunks = a.transport.fetch('b', request)
    const first = chunks[Symbol.asyncIterator]()
    await first.next()
    await a.transport.close()
    const rest = async () => {
      for (;;) if ((await first.next()).done === true) return
    }
    await expect(rest()).rejects.toThrow(failure('GOETHE_CLOSED'))
    expect(() => a.transport.fetch('b', request)).toThrow(failure('GOETHE_CLOSED'))
  })

  test('is refused when too many ask, and where nobody has any', async () => {
    await using peers = await peerPair({ limits: { fetchesMax: 1 } })
    const { a, b } = peers
    await expect(all(a.transport.fetch('b', request))).rejects.toThrow(
      failure('GOETHE_UNAVAILABLE', 'gives no bulk data'),
    )
    b.transport.onFetch(async function* () {
      for (;;) yield Buffer.alloc(100_000)
    })
    const first = a.transport.fetch('b', request)[Symbol.asyncIterator]()
    await first.next()
    await expect(all(a.transport.fetch('b', request))).rejects.toThrow(failure('GOETHE_LIMIT'))
    await first.return?.()
  })

  test('of a member that is gone is given up', async () => {
    await using peers = await peerPair({ limits: { keepaliveMs: 20, silenceMs: 100 } })
    const { a, b, proxy } = peers
    const asked = new Promise<void>((resolve) => {
      b.transport.onFetch(async function* (_from, _asked, signal) {
        resolve()
        await new Promise((abort) => {
          signal.addEventListener('abort', abort)
        })
        yield Buffer.of()
      })
    })
    const fetched = all(a.transport.fetch('b', request))
    await asked
    proxy.freeze()
    await expect(fetched).rejects.toThrow(failure('GOETHE_UNAVAILABLE', 'said nothing'))
  })

  test('of an unknown member is refused at once', async () => {
    await using a = await TestPeer.start('a')
    expect(() => a.transport.fetch('x', request)).toThrow('No address is known of member x')
  })

  test('comes whole to one who reads slowly after all was sent', async () => {
    await using peers = await peerPair({ limits: { keepaliveMs: 20, silenceMs: 100 } })
    const { a, b, proxy } = peers
    const sent = new Promise<void>((resolve) => {
      b.transport.onFetch(async function* () {
        for (let index = 0; index < 10; index++) yield Buffer.alloc(20_000, index)
        resolve()
      })
    })
    const chunks = a.transport.fetch('b', request)[Symbol.asyncIterator]()
    await chunks.next()
    await sent
    // Longer than a peer may be silent: each time, all connections have said that they are there.
    for (let period = 0; period < 20; period++) {
      await proxy.nextPass('up')
    }
    let read = 1
    while ((await chunks.next()).done !== true) read++
    expect(read).toBe(10)
  })
})
