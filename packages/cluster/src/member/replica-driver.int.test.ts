import { type GoetheError, isGoetheError } from '@goethe/core'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { LocalMembers } from '../../tests-support/local-members.js'
import { defaultLimits } from '../replica/options.js'

const names = ['goethe-0', 'goethe-1', 'goethe-2']
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function started(folder: string, limits = defaultLimits): Promise<LocalMembers> {
  const members = new LocalMembers(folder, names, limits)
  for (const name of names) await members.start(name)
  return members
}

describe('members of a cluster', () => {
  it('have what the leader acknowledged', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', ['Faust', 'Egmont'].map(text))
    for (const member of members.running.values()) {
      if (member === leader) continue
      const log = await member.follow()
      const events = log.read('orders', { follow: true })
      const found: string[] = []
      for await (const event of events) {
        found.push(event.text())
        if (found.length === 2) break
      }
      expect(found).toEqual(['Faust', 'Egmont'])
    }
  })

  it('see what comes later at once, by the same reads', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', text('first'))
    const follower = [...members.running.values()].find((member) => member !== leader)!
    const log = await follower.follow()
    const tail = log.read('orders', { from: 'end', follow: true })[Symbol.asyncIterator]()
    const next = tail.next()
    await leader.log!.append('orders', text('second'))
    expect((await next).value?.text()).toBe('second')
    await tail.return?.()
  })

  it('refuse writes unless they lead, and say who does', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', text('first'))
    const follower = [...members.running.values()].find((member) => member !== leader)!
    const refused = async () =>
      follower.member.propose(text('x')).catch((reason: unknown) => reason)
    expect(isGoetheError(await refused(), 'GOETHE_NOT_LEADER')).toBe(true)
    // Who leads is known by its messages at once, its address once the record was read.
    await expect
      .poll(async () => ((await refused()) as GoetheError).details.leader)
      .toBe(`${leader.name}:1337`)
  })

  it('go on without a leader that died, and lose nothing', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round++) {
      const leader = await members.leader()
      for (let index = 0; index < 20; index++) {
        const value = `event ${round} ${index}`
        await leader.log!.append('orders', text(value))
        acknowledged.push(value)
      }
      await leader.kill()
      const next = await members.leader()
      const events = await next.log!.read('orders').toArray()
      expect(events.map((event) => event.text())).toEqual(acknowledged)
      await members.start(leader.name)
    }
  })

  it('call the outcome unknown of what they had taken, and refuse what is behind it', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    const log = leader.log!
    await log.append('orders', text('stored'))
    for (const name of names) if (name !== leader.name) members.cut(leader.name, name)
    const endOf = (append: Promise<unknown>) => append.catch((reason: unknown) => reason)
    const { lastLsn } = leader.member.status
    const taken = endOf(log.append('orders', text('taken')))
    await expect.poll(() => leader.member.status.lastLsn).toBe(lastLsn + 1)
    const next = await members.leader(leader.name)
    expect(await taken).toMatchObject({ code: 'GOETHE_OUTCOME_UNKNOWN' })
    const behind = await endOf(log.append('orders', text('behind')))
    expect(behind).toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    await next.log!.append('orders', text('next'))
    const events = await next.log!.read('orders').toArray()
    expect(events.map((event) => event.text())).toEqual(['stored', 'next'])
  })

  it('take the lead over at once from one that stops', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', text('first'))
    await leader.stop()
    const next = await members.leader(leader.name)
    await next.log!.append('orders', text('second'))
    const events = await next.log!.read('orders').toArray()
    expect(events.map((event) => event.text())).toEqual(['first', 'second'])
  })

  it('get a snapshot when the journal of the leader does not reach back to them', async () => {
    await using folder = await tempFolder()
    const limits = { ...defaultLimits, entriesKept: 5 }
    await using members = await started(folder.path, limits)
    const leader = await members.leader()
    const late = [...members.running.values()].find((member) => member !== leader)!
    await late.kill()
    const payload = new Uint8Array(20_000)
    for (let index = 0; index < 30; index++) await leader.log!.append('orders', payload)
    await expect.poll(() => leader.journal.epochs.base.lsn).toBeGreaterThan(5)
    const back = await members.start(late.name)
    await expect.poll(() => back.member.status.appliedLsn).toBe(leader.member.status.appliedLsn)
    expect(back.replaced).toBe(1)
    const log = await back.follow()
    expect(await log.read('orders').toArray()).toHaveLength(30)
  })
})
