import type { ClusterMemberStatus, MemberView } from '@goethe/cluster'
import { describe, expect, it } from 'vitest'
import { clusterStatus, publicPart } from './cluster-report.js'

type Replica = ClusterMemberStatus['replica']
type View = ClusterMemberStatus['members']

const store = (member: string) => ({ member, storeId: `store of ${member}` })

function member(name: string, more: Partial<MemberView['report']> = {}): MemberView {
  return {
    ...store(name),
    incarnation: `process of ${name}`,
    address: `${name}:1337`,
    generation: 1,
    version: 1,
    self: name === 'goethe-0',
    phi: 0,
    suspected: false,
    silentMs: 400,
    report: {
      health: 'serving',
      role: name === 'goethe-0' ? 'leader' : 'follower',
      clusterId: 'a cluster',
      epoch: 3,
      lastLsn: 20_000,
      lastEpoch: 3,
      commitLsn: 20_000,
      load: 0,
      hearsLeader: true,
      ...more,
    },
  }
}

const three = [member('goethe-0'), member('goethe-1'), member('goethe-2')]

/** As the first of three sees it, which leads while all is well. */
function seen(replica: Partial<Replica> = {}, members = three): ClusterMemberStatus {
  const view: Pick<View, 'members' | 'get'> = {
    members,
    get: (name) => members.find((one) => one.member === name),
  }
  return {
    replica: {
      ...store('goethe-0'),
      clusterId: 'a cluster',
      role: 'leader',
      epoch: 3,
      leader: 'goethe-0',
      hearsLeader: false,
      lastLsn: 20_000,
      lastEpoch: 3,
      durableLsn: 20_000,
      commitLsn: 20_000,
      appliedLsn: 20_000,
      caughtUp: true,
      inSync: ['goethe-0', 'goethe-1', 'goethe-2'].map(store),
      minInSync: 2,
      minInSyncOfNew: 2,
      followers: [],
      notWritable: undefined,
      problem: undefined,
      mayRecover: false,
      ...replica,
    },
    members: view as View,
  }
}

describe('how a cluster is', () => {
  it('takes two sentences while all is well', () => {
    const { summary, writable } = clusterStatus(seen())
    expect(writable).toBe(true)
    expect(summary).toEqual([
      'goethe-0 leads, since epoch 3 began.',
      'Writable: in sync 3 of 3, 2 needed.',
    ])
  })

  it('says why the leader takes no writes, and how far who is not in sync is behind', () => {
    const behind = {
      ...store('goethe-1'),
      inSync: false,
      heldLsn: 7690,
      heldEpoch: 2,
      behind: 12_310,
      silentMs: 20,
    }
    const late = member('goethe-1', { health: 'catching-up', reason: 'it is not in sync yet' })
    const gone = { ...member('goethe-2'), suspected: true, silentMs: 12_345 }
    const { summary, writable, members } = clusterStatus(
      seen(
        {
          inSync: ['goethe-0', 'goethe-2'].map(store),
          notWritable: 'in sync 1 of 2 needed; goethe-1 is 12,310 entries behind',
          followers: [behind],
        },
        [member('goethe-0'), late, gone],
      ),
    )
    expect(writable).toBe(false)
    expect(summary).toEqual([
      'goethe-0 leads, since epoch 3 began.',
      'Not writable: in sync 1 of 2 needed; goethe-1 is 12,310 entries behind.',
      'goethe-1 is catching up, 12,310 entries behind: it is not in sync yet.',
      'goethe-2 was not heard of for 12 s; it is probably gone.',
    ])
    expect(members[1]).toMatchObject({
      lastLsn: 7690,
      lastEpoch: 2,
      behind: 12_310,
      inSync: false,
    })
  })

  it('is known to a follower by what the leader tells', () => {
    const reason = 'in sync 1 of 2 needed'
    const stalled = member('goethe-1', { role: 'leader', reason, notWritable: reason })
    const others = [member('goethe-0', { role: 'follower' }), stalled, member('goethe-2')]
    const follower = { role: 'follower', leader: 'goethe-1', hearsLeader: true } as const
    expect(clusterStatus(seen(follower, others)).summary[1]).toBe(
      'Not writable: in sync 1 of 2 needed.',
    )
    expect(clusterStatus(seen({ ...follower, hearsLeader: false }, others)).writable).toBe(false)
  })

  it.each([
    ['unhealthy', 'the record of the cluster is gone'],
    ['catching-up', 'it applies what it has'],
    ['draining', 'it stops'],
  ] as const)('is writable to a follower whose leader takes writes and is %s', (health, reason) => {
    const troubled = member('goethe-1', { role: 'leader', health, reason })
    const others = [member('goethe-0', { role: 'follower' }), troubled, member('goethe-2')]
    const follower = { role: 'follower', leader: 'goethe-1', hearsLeader: true } as const
    const { writable, summary } = clusterStatus(seen(follower, others))
    expect(writable).toBe(true)
    expect(summary[1]).toBe('Writable: in sync 3 of 3, 2 needed.')
    expect(summary[2]).toMatch(/^goethe-1 is /)
  })

  it('says that nobody leads, and what keeps this member from it', () => {
    const alone = { role: 'candidate', leader: undefined } as const
    expect(clusterStatus(seen(alone)).summary.slice(0, 2)).toEqual([
      'Nobody leads; the last epoch that is known here is 3.',
      'Not writable: nobody leads.',
    ])
    const { summary } = clusterStatus(seen({ ...alone, problem: 'the record is gone' }))
    expect(summary[1]).toBe('Not writable: the record is gone.')
  })

  it('says who has most while nobody leads, by epochs first', () => {
    const alone = { role: 'candidate', leader: undefined, lastLsn: 19_000, lastEpoch: 3 } as const
    const longer = member('goethe-1', { lastLsn: 20_000, lastEpoch: 2 })
    const most = member('goethe-2', { lastLsn: 19_500, lastEpoch: 3 })
    const same = member('goethe-3', { lastLsn: 19_500, lastEpoch: 3 })
    const early = member('goethe-4', { lastLsn: 90_000, lastEpoch: undefined })
    const one = clusterStatus(seen(alone, [three[0]!, longer, most, early]))
    expect(one.furthest).toEqual(['goethe-2'])
    expect(one.summary[2]).toBe('goethe-2 has most, as far as is known: entry 19,500 of epoch 3.')
    expect(one.members.map(({ lastEpoch }) => lastEpoch)).toEqual([3, 2, 3, undefined])
    const two = clusterStatus(seen(alone, [three[0]!, same, longer, most]))
    expect(two.summary[2]).toContain('goethe-2, goethe-3 have most')
    // Its own journal is what counts of it, and not what it told before.
    expect(clusterStatus(seen({ ...alone, lastLsn: 19_501 }, [three[0]!, most])).furthest).toEqual([
      'goethe-0',
    ])
  })

  it('says of nobody that it has most where nothing is written, or somebody leads', () => {
    const fresh = { role: 'candidate', leader: undefined, lastLsn: 0, lastEpoch: 0 } as const
    const empty = ['goethe-0', 'goethe-1'].map((name) => member(name, { lastLsn: 0, lastEpoch: 0 }))
    const status = clusterStatus(seen(fresh, empty))
    expect(status.furthest).toEqual([])
    expect(status.summary.join(' ')).not.toContain('most')
    const led = clusterStatus(seen())
    expect(led.furthest).toEqual(['goethe-0', 'goethe-1', 'goethe-2'])
    expect(led.summary.join(' ')).not.toContain('most')
  })

  it('says what a member waits for that belongs to no cluster yet', () => {
    const fresh = { role: 'candidate', leader: undefined, clusterId: undefined, epoch: 0 } as const
    for (const namedLeader of [undefined, 'goethe-1']) {
      expect(clusterStatus(seen({ ...fresh, namedLeader })).summary[1]).toBe(
        'Not writable: this member is new: it joins the others, or begins a cluster once all of them were heard of.',
      )
    }
  })

  it('says whose turn it is where a leader is named', () => {
    const waiting = { role: 'follower', leader: 'goethe-1', namedLeader: 'goethe-1' } as const
    expect(clusterStatus(seen(waiting)).summary[1]).toBe(
      'Not writable: goethe-1 was not heard of just now, and as cluster.leader names it, nobody else ' +
        'takes over: writes go on when it is back, or when another member is named there, on all ' +
        'members, and recovered.',
    )
  })

  it('names who is in the record, and whom gossip has not met', () => {
    const { summary, members } = clusterStatus(seen({}, three.slice(0, 2)))
    expect(summary.at(-1)).toBe('goethe-2 belongs to those in sync, and nothing was heard of it.')
    expect(members.at(-1)).toMatchObject({ member: 'goethe-2', health: 'unknown', inSync: true })
  })

  it('remembers that an operator has accepted a loss', () => {
    const recovery = { ...store('goethe-0'), epoch: 3, lsn: 18_000 }
    expect(clusterStatus(seen({ recovery })).summary.at(-1)).toBe(
      'An operator let goethe-0 lead in epoch 3: what was acknowledged behind entry 18,000 may be lost.',
    )
  })

  it('tells how a leader that is named was moved, which asks a majority first', () => {
    const recovery = { ...store('goethe-0'), epoch: 3, lsn: 18_000 }
    expect(clusterStatus(seen({ recovery, namedLeader: 'goethe-0' })).summary.at(-1)).toBe(
      'An operator let goethe-0 lead in epoch 3: a majority of the members in cluster.peers had nothing behind entry 18,000.',
    )
  })

  it('remembers who was taken out, until that member is back on another disk', () => {
    const removed = [store('goethe-3'), { member: 'goethe-1', storeId: 'its old disk' }]
    const { summary } = clusterStatus(seen({ removed }))
    expect(summary.at(-1)).toBe('An operator took out goethe-3.')
  })

  it('names a disk that lost something, for as long as the leader knows', () => {
    const losses = 'goethe-1 came back without entry 7, which it has to have'
    expect(clusterStatus(seen({ losses })).summary.at(-1)).toBe(`${losses}.`)
  })

  it('says that a setting for new clusters is another one than what holds', () => {
    expect(clusterStatus(seen({ minInSyncOfNew: 3 })).summary.at(-1)).toBe(
      'cluster.minInSync of goethe-0 is 3, which counts for a new cluster alone: goethe cluster ' +
        'min-in-sync 3 would change the 2 of this one.',
    )
  })

  it('is told to everybody without what is behind it', () => {
    const ill = member('goethe-1', { health: 'unhealthy', reason: '/data/journal: EIO' })
    const status = clusterStatus(seen({}, [three[0]!, ill, three[2]!]))
    expect(status.summary).toContain('goethe-1 is unhealthy: /data/journal: EIO.')
    expect(JSON.stringify(publicPart(status))).not.toContain('EIO')
    expect(publicPart(status)).toMatchObject({ members: [], furthest: [] })
  })
})
