import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { EventLog } from '@goethe/core'
import { Random } from '../../core/tests-support/random.js'
import { LoneLevel, LoneMember } from '../tests-support/lone-member.js'
import { MemoryDisk } from '../tests-support/memory-disk.js'
import { encodeOperations } from './operation-codec.js'
import { ReplicatedLevel, type Replication } from './replicated-level.js'

function loneLevel(options = {}): LoneLevel<any, any> {
  return new LoneLevel<any, any>(new LoneMember(new MemoryLevel(), new MemoryDisk()), options)
}

/** What the first member writes reaches the second one as well. */
function relaying(leader: LoneMember, follower: LoneMember): Replication {
  return {
    async propose(operations) {
      await leader.propose(operations)
      await follower.receive(operations)
    },
    confirm: () => leader.confirm(),
    onApplied: (listener) => leader.onApplied(listener),
  }
}

describe('ReplicatedLevel', () => {
  it('refuses writes on a follower with the leader it knows', async () => {
    const level = loneLevel()
    await level.open()
    level.member.leads = false
    const refused = { code: 'GOETHE_NOT_LEADER', details: { leader: 'elsewhere:7070' } }
    await expect(level.put('a', 'b')).rejects.toMatchObject(refused)
    await expect(level.del('a')).rejects.toMatchObject(refused)
    await expect(level.batch([{ type: 'del', key: 'a' }])).rejects.toMatchObject(refused)
    await expect(level.batch().put('a', 'b').write()).rejects.toMatchObject(refused)
    expect(await level.get('a')).toBeUndefined()
    await level.close()
  })

  it('says what another member wrote by its write event', async () => {
    const level = loneLevel({ keyEncoding: 'utf8', valueEncoding: 'utf8' })
    await level.open()
    const events: unknown[] = []
    level.on('write', (operations) => events.push(...operations))
    const key = Buffer.from('a')
    const value = Buffer.from('b')
    await level.member.receive(encodeOperations([{ type: 'put', key, value }]))
    await level.member.receive(encodeOperations([{ type: 'del', key }]))
    expect(events).toMatchObject([
      { type: 'put', encodedKey: new Uint8Array(key), encodedValue: new Uint8Array(value) },
      { type: 'del', encodedKey: new Uint8Array(key) },
    ])
    await level.close()
  })

  it('leaves store and replication open for the next one', async () => {
    const member = new LoneMember(new MemoryLevel(), new MemoryDisk())
    await member.open()
    const first = new ReplicatedLevel(member.store, member)
    await first.put(Uint8Array.of(1), Uint8Array.of(2))
    await first.close()
    const second = new ReplicatedLevel(member.store, member)
    expect([...(await second.get(Uint8Array.of(1)))!]).toEqual([2])
    await second.close()
    await member.close()
  })

  it('wakes live readers of a log on a follower', async () => {
    const leader = new LoneMember(new MemoryLevel(), new MemoryDisk())
    const follower = loneLevel()
    await leader.open()
    await follower.open()
    const log = await EventLog.open(
      new ReplicatedLevel(leader.store, relaying(leader, follower.member)),
    )
    const following = await EventLog.open(follower)
    const events = following.read('orders', { follow: true })[Symbol.asyncIterator]()
    for (const text of ['Faust', 'Egmont', 'Tasso']) {
      const next = events.next()
      await log.append('orders', Buffer.from(text))
      expect((await next).value?.text()).toBe(text)
    }
    await following.close()
    await log.close()
  })
})

describe('a member after a loss of power', () => {
  it('applies what only its journal holds', async () => {
    const disk = new MemoryDisk()
    const before = new LoneMember(new MemoryLevel(), disk)
    await before.open()
    const put = (key: number) =>
      encodeOperations([{ type: 'put', key: Uint8Array.of(key), value: Uint8Array.of(key) }])
    await before.propose(put(1))
    await before.propose(put(2))
    disk.crash(new Random(1))
    // Nothing of the store was flushed.
    const after = new LoneMember(new MemoryLevel(), disk)
    await after.open()
    expect(after.store.applied).toEqual({ lsn: 2, epoch: 1 })
    const keys = await after.store.level.keys().all()
    expect(keys.map(([first]) => first)).toEqual([1, 2])
    await after.close()
  })
})
