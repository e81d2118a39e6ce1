import { GoetheError } from '@goethe/core'
import { describe, expect, test } from 'vitest'
import { peerPair } from '../../tests-support/peer-pair.js'
import { TestPeer } from '../../tests-support/peers.js'

async function pair(options: Parameters<typeof peerPair>[0] = {}) {
  const peers = await peerPair(options)
  const ask = async (text: string, signal?: AbortSignal): Promise<string> =>
    Buffer.from(await peers.a.transport.forward('b', Buffer.from(text), signal)).toString()
  return { ...peers, ask, [Symbol.asyncDispose]: () => peers[Symbol.asyncDispose]() }
}

/** Requests that wait until the test answers them, by what they ask. */
class Held {
  readonly answers = new Map<string, (answer: Uint8Array | GoetheError) => void>()
  readonly signals = new Map<string, AbortSignal>()
  readonly #waiting = new Set<() => void>()

  constructor(peer: TestPeer) {
    peer.transport.onForward((_from, request, signal) => {
      const text = Buffer.from(request).toString()
      this.signals.set(text, signal)
      return new Promise((resolve, reject) => {
        this.answers.set(text, (answer) => {
          if (answer instanceof Error) reject(answer)
          else resolve(answer)
        })
        for (const resume of this.#waiting) resume()
        this.#waiting.clear()
      })
    })
  }

  async came(...texts: string[]): Promise<void> {
    while (!texts.every((text) => this.answers.has(text))) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}

const failure = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error

describe('a request that another member carries out', () => {
  test('is answered, and the one who asks is known', async () => {
    await using peers = await pair()
    peers.b.transport.onForward(async (from, request) =>
      Buffer.from(`${from.member} asked for ${Buffer.from(request).toString()}`),
    )
    expect(await peers.ask('this')).toBe('a asked for this')
  })

  test('does not wait for those before it', async () => {
    await using peers = await pair()
    const held = new Held(peers.b)
    const [first, second] = [peers.ask('first'), peers.ask('second')]
    await held.came('first', 'second')
    held.answers.get('second')!(Buffer.from('2'))
    expect(await second).toBe('2')
    held.answers.get('first')!(Buffer.from('1'))
    expect(await first).toBe('1')
  })

  test('may be as large as a message, and no larger', async () => {
    await using peers = await pair({ limits: { messageBytesMax: 100_000 } })
    const { a, b } = peers
    b.transport.onForward(async (_from, request) => Buffer.from(String(request.length)))
    const { forwardBytesMax } = a.transport
    expect(await peers.ask('x'.repeat(forwardBytesMax))).toBe(String(forwardBytesMax))
    await expect(peers.ask('x'.repeat(forwardBytesMax + 1))).rejects.toThrow('are the most')
  })

  test('that fails ends with the code of the failure', async () => {
    await using peers = await pair()
    peers.b.transport.onForward(async () => {
      throw new GoetheError('GOETHE_NOT_LEADER', 'c leads')
    })
    await expect(peers.ask('this')).rejects.toThrow(
      failure('GOETHE_NOT_LEADER', 'Member b says: c leads'),
    )
  })

  test('that was sent and not answered has an unknown outcome', async () => {
    await using peers = await pair()
    const held = new Held(peers.b)
    const asked = peers.ask('this')
    await held.came('this')
    peers.proxy.cut()
    await expect(asked).rejects.toThrow(failure('GOETHE_OUTCOME_UNKNOWN', 'Member b was lost'))
    await expect.poll(() => held.signals.get('this')!.aborted).toBe(true)
    held.answers.get('this')!(Buffer.from('nobody hears it'))
  })

  test('that never got to a member was not done', async () => {
    await using peers = await pair()
    await peers.proxy.stop()
    await expect(peers.ask('this')).rejects.toThrow(failure('GOETHE_UNAVAILABLE', 'Member b'))
  })

  test('goes through another connection once the one before was lost', async () => {
    await using peers = await pair()
    peers.b.transport.onForward(async (_from, request) => request)
    expect(await peers.ask('one')).toBe('one')
    peers.proxy.cut()
    await peers.a.connected('b')
    await expect.poll(() => peers.ask('two').catch(() => 'lost')).toBe('two')
  })

  test('of a member that hangs ends when that is known', async () => {
    await using peers = await pair({ limits: { keepaliveMs: 20, silenceMs: 100 } })
    const held = new Held(peers.b)
    const asked = peers.ask('this')
    await held.came('this')
    peers.proxy.freeze()
    await expect(asked).rejects.toThrow(failure('GOETHE_OUTCOME_UNKNOWN'))
    held.answers.get('this')!(Buffer.from('nobody hears it'))
  })

  test('ends with its signal, which the one who carries it out sees', async () => {
    await using peers = await pair()
    const held = new Held(peers.b)
    const stopping = new AbortController()
    const [asked, other] = [peers.ask('this', stopping.signal), peers.ask('other')]
    await held.came('this', 'other')
    stopping.abort()
    await expect(asked).rejects.toThrow(failure('GOETHE_ABORTED'))
    const { signals, answers } = held
    await expect.poll(() => signals.get('this')!.aborted).toBe(true)
    expect(signals.get('other')!.aborted).toBe(false)
    // An answer that comes all the same is nobody's.
    answers.get('this')!(Buffer.from('late'))
    answers.get('other')!(Buffer.from('well'))
    expect(await other).toBe('well')
    await expect(peers.ask('more', AbortSignal.abort())).rejects.toThrow(failure('GOETHE_ABORTED'))
  })

  test('is refused where too many are carried out, and where nobody does', async () => {
    await using peers = await pair({ limits: { forwardsMax: 1 } })
    await expect(peers.ask('this')).rejects.toThrow(
      failure('GOETHE_UNAVAILABLE', 'no requests yet'),
    )
    const held = new Held(peers.b)
    const first = peers.ask('first')
    await held.came('first')
    await expect(peers.ask('second')).rejects.toThrow(failure('GOETHE_LIMIT'))
    held.answers.get('first')!(Buffer.from('done'))
    expect(await first).toBe('done')
  })

  test('of an unknown member, and of a transport that is closed, is refused', async () => {
    const a = await TestPeer.start('a')
    const request = Buffer.from('this')
    await expect(a.transport.forward('x', request)).rejects.toThrow(failure('GOETHE_UNAVAILABLE'))
    await a.transport.close()
    await expect(a.transport.forward('x', request)).rejects.toThrow(failure('GOETHE_CLOSED'))
  })

  test('that is under way when the transport closes has an unknown outcome', async () => {
    await using peers = await pair()
    const held = new Held(peers.b)
    const asked = peers.ask('this')
    await held.came('this')
    const closed = peers.a.transport.close()
    await expect(asked).rejects.toThrow(failure('GOETHE_OUTCOME_UNKNOWN'))
    await closed
    held.answers.get('this')!(Buffer.from('late'))
  })

  test('that would wait behind too much is not taken', async () => {
    await using peers = await pair({ limits: { queueBytesMax: 1000 } })
    const { a, b, proxy } = peers
    b.transport.onForward(async (_from, request) => Buffer.from(String(request.length)))
    expect(await peers.ask('this')).toBe('4')
    proxy.freeze()
    const asked = Array.from({ length: 8 }, () => a.transport.forward('b', Buffer.alloc(4_000_000)))
    await expect(
      Promise.any(
        asked.map(async (one) => {
          const error: unknown = await one.catch((reason: unknown) => reason)
          if ((error as GoetheError).code !== 'GOETHE_LIMIT') throw error
          return (error as GoetheError).details.retryDelayMs
        }),
      ),
    ).resolves.toBe(1000)
    await a.transport.close()
    await Promise.allSettled(asked)
  })
})
