import type { ClusterMember, ClusterStatus } from '@goethe/client'
import { beforeEach, describe, expect, test } from 'vitest'
import { TestServer, memoryLog } from '../../client/tests-support/test-server.js'
import type { ServedCluster } from '../../server/src/served-cluster.js'
import { jsonLines, runGoethe } from '../tests-support/run-goethe.js'

const member = (name: string, more: Partial<ClusterMember> = {}): ClusterMember => ({
  member: name,
  role: 'follower',
  health: 'serving',
  reason: undefined,
  inSync: true,
  epoch: 3,
  lastLsn: 20_000,
  lastEpoch: 3,
  commitLsn: 20_000,
  behind: 0,
  silentMs: 400,
  suspected: false,
  address: `${name}:1337`,
  url: undefined,
  ...more,
})

/** A cluster that does at once what it is told. */
class StandIn implements ServedCluster {
  readonly state = undefined
  readonly counters = undefined
  readonly asked: string[] = []
  leader: string | undefined = 'goethe-0'
  namedLeader: string | undefined
  /** How goethe-1 is, each time that somebody looks; the last one stays. */
  arriving: Partial<ClusterMember>[] = [
    { inSync: false, behind: 12_310, reason: 'it is\u001b[2J late' },
  ]
  epoch = 3
  furthest: string[] = ['goethe-0']

  status(): ClusterStatus {
    const { leader, namedLeader, epoch, arriving } = this
    const now = arriving.length > 1 ? arriving.shift() : arriving[0]
    return {
      member: 'goethe-0',
      clusterId: 'a cluster',
      role: 'leader',
      epoch,
      leader,
      namedLeader,
      writable: false,
      minInSync: 2,
      inSync: ['goethe-0'],
      furthest: this.furthest,
      summary: [`${leader} leads.`, 'Not writable: in sync 1 of 2 needed.'],
      members: [member('goethe-0', { role: 'leader' }), member('goethe-1', now)],
    }
  }

  handOver(epoch: number): Promise<void> {
    return this.#ask(`hand over ${epoch}`, 'goethe-1')
  }

  removeMember(name: string): Promise<void> {
    return this.#ask(`remove ${name}`, this.leader)
  }

  addMember(name: string): Promise<void> {
    return this.#ask(`add ${name}`, this.leader)
  }

  setMinInSync(minInSync: number): Promise<void> {
    return this.#ask(`need ${minInSync}`, this.leader)
  }

  recover(): Promise<void> {
    return this.#ask('recover', 'goethe-0')
  }

  async #ask(what: string, leader: string | undefined): Promise<void> {
    this.asked.push(what)
    this.leader = leader
    this.epoch++
  }
}

describe('goethe cluster', () => {
  let cluster: StandIn
  let server: TestServer

  beforeEach(async () => {
    cluster = new StandIn()
    const log = await memoryLog()
    server = await TestServer.start(log, { context: { cluster } })
    return async () => {
      await server.stop()
      await log.close()
    }
  })

  const goethe = (...args: string[]) =>
    runGoethe(['cluster', ...args, '--server', server.address], { environment: {} })

  test('status is sentences and a table for people, and all of it for programs', async () => {
    const { stdout } = await goethe('status', '--text')
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'goethe-0 leads.',
      'Not writable: in sync 1 of 2 needed.',
      '',
      'MEMBER      ROLE      IN SYNC  HEALTH   BEHIND    LAST  OF EPOCH  SILENT  ADDRESS        REASON',
      'goethe-0 *  leader    yes      serving       0  20,000         3          goethe-0:1337',
      'goethe-1    follower  no       serving  12,310  20,000         3  400 ms  goethe-1:1337  it is\\u001b[2J late',
      '',
    ])
    const [status] = jsonLines((await goethe('status')).stdout)
    expect(status).toEqual(JSON.parse(JSON.stringify(cluster.status())))
  })

  test('handover says who leads now', async () => {
    const { stdout } = await goethe('handover', '--text')
    expect(stdout).toMatch(/^goethe-0 gave the lead to goethe-1 within \d+ ms\.\n$/)
    expect(cluster.asked).toEqual(['hand over 3'])
  })

  test('handover is not begun while nobody leads', async () => {
    cluster.leader = undefined
    expect(await goethe('handover')).toMatchObject({
      code: 1,
      stderr: 'goethe: Nobody leads at the moment: wait, and look again\n',
    })
  })

  test('remove and recover want to be confirmed', async () => {
    for (const args of [['remove', 'goethe-1'], ['recover']]) {
      const { code, stderr } = await goethe(...args)
      expect(code).toBe(2)
      expect(stderr).toContain('Pass --yes to do it without being asked')
    }
    expect(cluster.asked).toEqual([])
    expect((await goethe('remove', 'goethe-1', '--yes')).stdout).toBe('{"removed":"goethe-1"}\n')
    const { stdout, stderr } = await goethe('recover', '--yes')
    expect(stdout).toBe('{"leader":"goethe-0","epoch":5}\n')
    expect(stderr).toContain('goethe-0 has what was acknowledged up to entry 20,000')
    expect(cluster.asked).toEqual(['remove goethe-1', 'recover'])
    expect(stderr).not.toContain('has more')
  })

  test('recover warns where another member has more', async () => {
    cluster.furthest = ['goethe-1']
    cluster.arriving = [{ lastLsn: 19_000, lastEpoch: 4 }]
    const { stderr } = await goethe('recover', '--yes')
    expect(stderr).toContain(
      'goethe-1 has more: it ends with entry 19,000 of epoch 4, and goethe-0 with entry 20,000 of ' +
        'epoch 3. Recover that one instead, unless it is lost.',
    )
  })

  test('recover warns of no loss where the leader is named, as a majority is asked first', async () => {
    cluster.namedLeader = 'goethe-0'
    const { stderr } = await goethe('recover', '--yes')
    expect(stderr).toContain('a majority of the members in cluster.peers answers')
    expect(stderr).not.toContain('in sync')
    expect(cluster.asked).toEqual(['recover'])
  })

  test('add tells how far the member is, and ends when it is in sync', async () => {
    const late = { inSync: false, health: 'catching-up', reason: 'it is not in sync yet' }
    cluster.arriving = [
      { ...late, health: 'unknown' },
      { ...late, behind: 12_310 },
      { ...late, suspected: true, silentMs: 9_000 },
      { ...late, behind: 12_310 },
      { health: 'catching-up', reason: 'it applies what it has' },
      {},
    ]
    const { stdout, stderr, code } = await goethe('add', 'goethe-1', '--text')
    expect(stderr.split('\n')).toEqual([
      'Nothing was heard of goethe-1 yet: is it started, with the names of the others?',
      'goethe-1 is catching up, 12,310 entries behind: it is not in sync yet.',
      'goethe-1 was not heard of for 9s: is it running?',
      'goethe-1 is catching up, 12,310 entries behind: it is not in sync yet.',
      'goethe-1 is in sync, and not caught up yet: it applies what it has.',
      '',
    ])
    expect(stdout).toBe('goethe-1 is in sync: 1 of 2, 2 needed.\n')
    expect(code).toBe(0)
    expect(cluster.asked).toEqual(['add goethe-1'])
    expect((await goethe('add', 'goethe-1')).stdout).toBe('{"added":"goethe-1","inSync":true}\n')
  })

  test('add waits so long at most, and says what it waited for', async () => {
    cluster.arriving = [{ inSync: false, health: 'unhealthy', reason: 'its disk is full' }]
    const { stderr, code } = await goethe('add', 'goethe-1', '--wait', '1ms')
    expect(stderr).toContain('goethe: After 1 ms: goethe-1 is unhealthy: its disk is full.\n')
    expect(code).toBe(1)
    // Only let in, which is done.
    const { stdout } = await goethe('add', 'goethe-7', '--wait', '0s')
    expect(stdout).toBe('{"added":"goethe-7","inSync":false}\n')
  })

  test('min-in-sync says how many are needed from now on', async () => {
    const { stdout } = await goethe('min-in-sync', '3', '--text')
    expect(stdout).toBe('3 needed from now on, 1 in sync.\n')
    for (const wrong of ['0', '1.5', 'two']) {
      const { code, stderr } = await goethe('min-in-sync', wrong)
      expect([code, stderr]).toEqual([2, expect.stringContaining('a whole number from 1')])
    }
    expect(cluster.asked).toEqual(['need 3'])
  })

  test('a server of its own, and a directory, are no cluster', async () => {
    const log = await memoryLog()
    const alone = await TestServer.start(log)
    const asked = await runGoethe(['cluster', 'status', '--server', alone.address])
    expect(asked.code).toBe(2)
    expect(asked.stderr).toContain('This server is no member of a cluster')
    await alone.stop()
    await log.close()
    const { code, stderr } = await runGoethe(['cluster', 'status', '--data', 'somewhere'])
    expect(code).toBe(2)
    expect(stderr).toContain('Name a member: --server goethe://HOST:PORT')
  })
})
