// Programs that know one address, and cannot follow a hint to the leader.
import { connect } from '@goethe/client'
import { type Method, create, eventLogMethods, legacyMethods, messages } from '@goethe/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GrpcCaller, grpcCaller } from '../../packages/server/tests-support/grpc-caller.js'
import { LocalCluster, type Member, hasEtcd } from './local-cluster.js'

// Fail-over takes seconds, and where others use the machine as well, many.
const timeout = 120_000

/** The status of a call of gRPC that went well. */
const ok = 0

const grpcOf = ({ address }: Member): GrpcCaller => grpcCaller(Number(new URL(address).port))

const ask = async (caller: GrpcCaller, method: object, ...sent: unknown[]) =>
  caller.ask(method as Method<never, never>, ...sent)

const part = (topic: string, text: string) => ({ topic, payloads: [Buffer.from(text)] })

const post = ({ url }: Member, topic: string, text: string): Promise<Response> =>
  fetch(`${url}/v1/topics/${topic}/events`, { method: 'POST', body: text })

/** What a member shows of a topic. */
async function textsAt({ url }: Member, topic: string): Promise<string[]> {
  const answer = await fetch(`${url}/v1/topics/${topic}/events?payload=text&limit=10000`)
  const { events } = (await answer.json()) as { events: { payload: string }[] }
  return events.map(({ payload }) => payload)
}

async function forwardedBy({ url }: Member): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text.split('\n').filter((line) => line.startsWith('goethe_cluster_forwarded_requests'))
}

describe.skipIf(!hasEtcd)('a follower', { timeout }, () => {
  let cluster: LocalCluster
  let follower: Member

  beforeAll(async () => {
    cluster = await LocalCluster.start()
  }, timeout)

  beforeEach(async () => {
    await cluster.allInSync()
    ;[follower] = (await cluster.followers()) as [Member]
  }, timeout)

  afterAll(() => cluster[Symbol.asyncDispose](), timeout)

  test('takes what a program posts, and shows it at once', async () => {
    for (let index = 0; index < 10; index++) {
      const answer = await post(follower, 'posted', `text ${index}`)
      expect(answer.status).toBe(200)
      const receipt = (await answer.json()) as { firstSequence: number }
      expect(receipt.firstSequence).toBe(index + 1)
      expect(await textsAt(follower, 'posted')).toHaveLength(index + 1)
    }
    const conflict = await fetch(`${follower.url}/v1/topics/posted/events?expect=seq:3`, {
      method: 'POST',
      body: 'too late',
    })
    expect(conflict.status).toBe(409)
    expect(await conflict.json()).toMatchObject({ details: { lastSequence: 10 } })
  })

  test('takes cursors and what is kept of topics by HTTP', async () => {
    await post(follower, 'kept', 'one')
    await post(follower, 'kept', 'two')
    const send = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${follower.url}/v1/topics/kept/${path}`, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        }),
      })
      expect(answer.status).toBe(200)
      return (await answer.json()) as Record<string, unknown>
    }
    const { session } = await send('POST', 'cursors/reader/begin', {})
    const { events } = (await send('GET', 'events?limit=1')) as { events: { id: string }[] }
    const event = { id: events[0]!.id, sequence: 1, session }
    expect(await send('POST', 'cursors/reader/commit', event)).toMatchObject({ sequence: 1 })
    expect(await send('GET', 'cursors/reader')).toMatchObject({ sequence: 1, lag: 1 })
    expect(await send('POST', 'cursors/reader/seek', { to: 'start' })).toMatchObject({
      sequence: 0,
    })
    await send('DELETE', 'cursors/reader')
    await send('PUT', 'retention', { count: 5 })
    expect(await send('POST', 'trim', { before: 'seq:2' })).toMatchObject({ count: 1 })
  })

  test('takes Append and AppendAll of any gRPC client, and no stream', async () => {
    const caller = grpcOf(follower)
    try {
      const appended = await ask(caller, eventLogMethods.append, part('called', 'one'))
      expect(appended).toMatchObject({ code: ok, messages: [{ firstSequence: 1 }] })
      const all = create(messages.AppendAllRequestSchema, {
        entries: [part('called', 'two'), part('called-too', 'one')],
      })
      expect((await ask(caller, eventLogMethods.appendAll, all)).code).toBe(ok)
      expect(await textsAt(follower, 'called')).toEqual(['one', 'two'])
      const streamed = await ask(caller, eventLogMethods.appendStream, [part('called', 'three')])
      const leader = await cluster.leader()
      expect(streamed.messages.flat()).toMatchObject([
        {
          code: 'GOETHE_NOT_LEADER',
          details: { leader: leader.address.replace('goethe://', ''), leaderUrl: leader.url },
        },
      ])
      expect(await textsAt(leader, 'called')).toEqual(['one', 'two'])
    } finally {
      caller.close()
    }
  })

  test("serves the original's clients: what they produce, and what they consume", async () => {
    const caller = grpcOf(follower)
    try {
      const topic = { id: 'original' }
      for (const text of ['Faust', 'Egmont']) {
        const event = create(messages.LegacyEventSchema, { topic, payload: Buffer.from(text) })
        const produced = await ask(caller, legacyMethods.produce, event)
        expect(produced).toMatchObject({ code: ok, messages: [{ topic }] })
      }
      const cursor = create(messages.LegacyCursorSchema, { topic, consumer: 'reader' })
      const first = await ask(caller, legacyMethods.consume, cursor)
      const [given] = first.messages as messages.LegacyCursor[]
      expect(Buffer.from(given!.currentEvent!.payload).toString()).toBe('Faust')
      // Sending it back commits it; the next one comes, on another stream too.
      const second = await ask(caller, legacyMethods.consume, cursor, given)
      expect(
        (second.messages as messages.LegacyCursor[]).map(({ currentEvent }) =>
          Buffer.from(currentEvent!.payload).toString(),
        ),
      ).toEqual(['Faust', 'Egmont'])
      const leader = await cluster.leader()
      const at = await fetch(`${leader.url}/v1/topics/original/cursors/reader`)
      expect(await at.json()).toMatchObject({ sequence: 1, lag: 1 })
    } finally {
      caller.close()
    }
  })

  test('answers linearizable reads itself, with all that the leader has acknowledged', async () => {
    const consistency = 'linearizable' as const
    const leader = await cluster.leader()
    await using writing = connect(leader.address)
    await using asking = connect(follower.address)
    const get = async (path: string): Promise<unknown> => {
      const answer = await fetch(`${follower.url}/v1/topics/seen${path}`)
      expect(answer.status).toBe(200)
      return answer.json()
    }
    for (let count = 1; count <= 20; count++) {
      const { lastSequence } = await writing.append('seen', Buffer.from(`text ${count}`))
      expect(lastSequence).toBe(count)
      const page = (await get(`/events?consistency=${consistency}`)) as { events: unknown[] }
      expect(page.events).toHaveLength(count)
      await writing.append('seen-by-client', Buffer.from(`text ${count}`))
      const [last] = await asking
        .read('seen-by-client', { consistency, reverse: true, limit: 1 })
        .toArray()
      expect(last?.text()).toBe(`text ${count}`)
    }
    const seventh = (await writing.seek('seen', 7))!
    await writing.cursor('seen', 'reader').commit(seventh)
    expect(await get(`/cursors/reader/lag?consistency=${consistency}`)).toEqual({ lag: 13 })
    await writing.append('seen', Buffer.from('the last one'))
    expect(await asking.cursor('seen', 'reader').lag({ consistency })).toBe(14)
    expect((await asking.describe('seen', { consistency })).last.sequence).toBe(21)
    const end = await asking.seek('seen', 'end', { consistency, nearest: 'previous' })
    expect(end?.text()).toBe('the last one')
  })

  test('passes on once: the leader does it itself, and both count', async () => {
    expect((await post(follower, 'counted', 'this')).status).toBe(200)
    expect(await forwardedBy(follower)).toContainEqual(
      expect.stringMatching(/^goethe_cluster_forwarded_requests_total\{code="OK"\} [1-9]/),
    )
    const leader = await cluster.leader()
    const before = await forwardedBy(leader)
    expect((await post(follower, 'counted', 'that')).status).toBe(200)
    expect(await forwardedBy(leader)).toEqual(before)
  })

  test('never says that something was done which was not, when the leader is killed', async () => {
    const outcomes = new Map<string, string>()
    let done = 0
    let onDone: (() => void) | undefined
    let over = false
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; !over; index++) {
        const text = `${writer}.${index}`
        const answer = await post(follower, 'killed', text)
        const { code = 'OK' } = (await answer.json()) as { code?: string }
        outcomes.set(text, code)
        if (code !== 'OK') continue
        done++
        onDone?.()
      }
    }
    // Whoever asks for it sees what was acknowledged by then, or is told to try again.
    const looks: Record<string, number> = {}
    const look = async (): Promise<void> => {
      while (!over) {
        const before = done
        const answer = await fetch(`${follower.url}/v1/topics/killed?consistency=linearizable`)
        const { code = 'OK', count } = (await answer.json()) as { code?: string; count: number }
        looks[code] = (looks[code] ?? 0) + 1
        if (code === 'OK') expect(count).toBeGreaterThanOrEqual(before)
        else if (code !== 'GOETHE_TOPIC_NOT_FOUND') expect(notDone).toContain(code)
      }
    }
    const reaches = async (count: number): Promise<void> => {
      while (done < count) await new Promise<void>((resolve) => (onDone = resolve))
    }
    const writers = [...Array.from({ length: 8 }, (_, writer) => write(writer)), look()]
    await reaches(100)
    const killed = await cluster.leader()
    await cluster.end(killed.name, 'SIGKILL')
    // Through the next leader, which may be this very member.
    await reaches(done + 100)
    over = true
    await Promise.all(writers)
    await cluster.run(killed.name)
    await cluster.allInSync()
    const there = await textsAt(follower, 'killed')
    expect(new Set(there).size).toBe(there.length)
    const counts: Record<string, number> = {}
    for (const [text, code] of outcomes) {
      counts[code] = (counts[code] ?? 0) + 1
      if (code === 'OK') expect(there).toContain(text)
      else if (notDone.has(code)) expect(there).not.toContain(text)
      else expect(unknown).toContain(code)
    }
    expect(looks['OK']).toBeGreaterThan(0)
    console.log(`killed while writes were passed on: ${JSON.stringify({ counts, looks })}`)
    await cluster.contents()
  })
})

const notDone = new Set(['GOETHE_UNAVAILABLE', 'GOETHE_NOT_LEADER'])
const unknown = ['GOETHE_OUTCOME_UNKNOWN', 'GOETHE_WRITE_FAILED']
