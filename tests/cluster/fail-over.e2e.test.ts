// The leader goes, in each way in which it can, while everything is under way.
import { type Client, connect } from '@goethe/client'
import { type GoetheErrorCode, isGoetheError } from '@goethe/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { patient } from '../server/steady-appends.js'
import { LocalCluster, hasEtcd } from './local-cluster.js'
import { Workload } from './workload.js'

// Fail-over takes seconds, and where others use the machine as well, many.
const timeout = 120_000

describe.skipIf(!hasEtcd)('nothing is lost, doubled or moved', { timeout }, () => {
  let cluster: LocalCluster
  let tests = 0
  const startWork = async (): Promise<Workload> => {
    const work = new Workload(cluster, `steady-${tests++}`)
    await work.nextAcknowledged()
    return work
  }

  beforeAll(async () => {
    cluster = await LocalCluster.start()
  }, timeout)

  beforeEach(() => cluster.allInSync(), timeout)

  afterAll(() => cluster[Symbol.asyncDispose](), timeout)

  test('when the leader is killed, again and again', async () => {
    await using work = await startWork()
    for (let round = 0; round < 3; round++) {
      const { name } = await cluster.leader()
      await cluster.end(name, 'SIGKILL')
      report('killed', await work.nextAcknowledged())
      await cluster.run(name)
      await cluster.allInSync()
    }
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    await cluster.contents()
  })

  test('when the leader is told to stop, and nobody notices', async () => {
    await using work = await startWork()
    for (let round = 0; round < 3; round++) {
      const { name } = await cluster.leader()
      const ended = cluster.end(name, 'SIGTERM')
      report('told to stop', await work.nextAcknowledged())
      await ended
      await cluster.run(name)
      await cluster.allInSync()
    }
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    await cluster.contents()
  })

  test('when the leader hangs, comes back, and means to lead', async () => {
    await using work = await startWork()
    const old = await cluster.leader()
    const { epoch } = await cluster.status(old.name)
    await using late = connect(old.address, { idempotent: false })
    await late.append('late', Buffer.from('before'))
    await using asker = connect(old.address, patient)
    await asker.describe('late')
    old.server.kill('SIGSTOP')
    const outcomes = Array.from({ length: 20 }, (_, index) => appendOnce(late, `late ${index}`))
    const began = performance.now()
    const next = await cluster.leader(old.name)
    await using other = connect(next.address)
    await other.append('late', Buffer.from('meanwhile'))
    report('hung', performance.now() - began)
    expect((await cluster.status(next.name)).epoch).toBeGreaterThan(epoch)
    // It waits for the old leader, and is the first that it finds when it is back.
    const asked = asker.read('late', { consistency: 'linearizable' }).toArray()
    await cluster.status(next.name)
    old.server.kill('SIGCONT')
    expect((await asked).map((event) => event.text())).toContain('meanwhile')
    const made = await Promise.all(outcomes)
    await cluster.allInSync()
    const texts = (await other.read('late').toArray()).map((event) => event.text())
    const shown = made.map((outcome, index) => {
      const isThere = texts.includes(`late ${index}`)
      return outcome === 'unknown' ? outcome : isThere ? 'done' : 'not done'
    })
    expect(made).toEqual(shown)
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    await cluster.contents()
  })

  test('when the others hang for a while, and writes wait', async () => {
    await using work = await startWork()
    const { name } = await cluster.leader()
    const others = await cluster.followers()
    for (const { server } of others) server.kill('SIGSTOP')
    await expect
      .poll(async () => (await cluster.status(name)).summary[1], { timeout })
      .toMatch(/^Not writable: in sync 1 of 2 needed/)
    const { count } = work.appends.acknowledged
    expect((await cluster.status(name)).writable).toBe(false)
    expect(work.appends.acknowledged.count).toBe(count)
    for (const { server } of others) server.kill('SIGCONT')
    report('the others hung', await work.nextAcknowledged())
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    await cluster.contents()
  })

  test('when nobody can ask who leads for a while, and nobody has to', async () => {
    await using work = await startWork()
    const { name } = await cluster.leader()
    const before = await cluster.status(name)
    await cluster.etcd.kill()
    const times: number[] = []
    // Longer than others wait before they look at the record for themselves.
    for (const end = performance.now() + 4000; performance.now() < end;) {
      times.push(await work.nextAcknowledged())
    }
    report('without etcd, the slowest of many', Math.max(...times))
    await cluster.etcd.run()
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    const { epoch, inSync } = before
    expect(await cluster.status(name)).toMatchObject({ leader: name, epoch, inSync })
    await cluster.contents()
  })
})

/** For people: how long it takes depends on the machine. */
function report(what: string, ms: number): void {
  console.log(`${what}: ${Math.round(ms)} ms until an append is acknowledged`)
}

/** What became of an append that is not repeated. */
async function appendOnce(log: Client, text: string): Promise<'done' | 'not done' | 'unknown'> {
  try {
    await log.append('late', Buffer.from(text))
    return 'done'
  } catch (error) {
    const is = (code: GoetheErrorCode) => isGoetheError(error, code)
    if (is('GOETHE_NOT_LEADER') || is('GOETHE_UNAVAILABLE')) return 'not done'
    if (is('GOETHE_DEADLINE') || is('GOETHE_OUTCOME_UNKNOWN')) return 'unknown'
    throw error
  }
}
