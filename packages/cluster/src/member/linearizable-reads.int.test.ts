import { type EventLog, isGoetheError } from '@goethe/core'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { type LocalMember, LocalMembers } from '../../tests-support/local-members.js'

const five = ['goethe-0', 'goethe-1', 'goethe-2', 'goethe-3', 'goethe-4']
const three = five.slice(0, 3)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const linearizable = { consistency: 'linearizable' } as const

async function started(folder: string, names = three): Promise<LocalMembers> {
  const members = new LocalMembers(folder, names)
  for (const name of names) await members.start(name)
  return members
}

/** All reads that can be asked to be linearizable. */
const reads: Record<string, (log: EventLog) => Promise<unknown>> = {
  'read of a topic': (log) => log.read('orders', linearizable).toArray(),
  'read of all': (log) => log.read('*', linearizable).toArray(),
  'read in reverse': (log) => log.read('orders', { ...linearizable, reverse: true }).toArray(),
  seek: (log) => log.seek('orders', 'end', linearizable),
  describe: (log) => log.describe('orders', linearizable),
  'position of a cursor': (log) => log.cursor('orders', 'reader').position(linearizable),
  'lag of a cursor': (log) => log.cursor('orders', 'reader').lag(linearizable),
  confirm: (log) => log.confirm(),
}

async function endOf(read: Promise<unknown>): Promise<string> {
  return read.then(
    (value) => `succeeds with ${String(value)}`,
    (error: unknown) => (isGoetheError(error) ? error.code : String(error)),
  )
}

const textsOf = async (log: EventLog, options = {}): Promise<string[]> =>
  (await log.read('orders', options).toArray()).map((event) => event.text())

describe('a linearizable read', () => {
  it('is not answered by a leader that was cut off and does not know it, as a local one is', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const old = await members.leader()
    await old.log!.append('orders', text('before'))
    expect(await textsOf(old.log!, linearizable)).toEqual(['before'])
    members.isolate(old.name)
    const next = await members.leader(old.name)
    await next.log!.append('orders', text('after'))
    expect(await textsOf(next.log!, linearizable)).toEqual(['before', 'after'])

    // It means to lead, and what it has is what it would have to answer with.
    expect(old.member.status.role).toBe('leader')
    expect(await textsOf(old.log!)).toEqual(['before'])
    const ends = await Promise.all(
      Object.entries(reads).map(async ([name, read]) => [name, await endOf(read(old.log!))]),
    )
    expect(old.member.status.role).toBe('leader')
    expect(ends).toEqual(Object.keys(reads).map((name) => [name, 'GOETHE_UNAVAILABLE']))

    members.mend()
    await expect.poll(() => endOf(old.log!.confirm())).toBe('GOETHE_NOT_LEADER')
  })

  it('is answered by a follower, which shows what was acknowledged before', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', text('entry 0'))
    const follower = [...members.running.values()].find((member) => member !== leader)!
    const log = await follower.follow()
    for (let count = 1; count <= 20; count++) {
      await leader.log!.append('orders', text(`entry ${count}`))
      // At once: it waits for what it has to apply by itself.
      expect(await textsOf(log, linearizable)).toHaveLength(count + 1)
    }
    const [event] = await leader.log!.read('orders', { from: 5, limit: 1 }).toArray()
    await leader.log!.cursor('orders', 'reader').commit(event!)
    expect(await log.cursor('orders', 'reader').lag(linearizable)).toBe(16)
    await Promise.all(Object.values(reads).map(async (read) => read(log)))
  })

  it('is not answered by a follower whose leader was deposed, and neither knows it', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path, five)
    const old = await members.leader()
    await expect.poll(() => old.member.status.inSync).toHaveLength(5)
    await old.log!.append('orders', text('before'))
    const follower = [...members.running.values()].find((member) => member !== old)!
    const log = await follower.follow()
    expect(await textsOf(log, linearizable)).toEqual(['before'])
    members.isolate(old.name, follower.name)
    const next = await members.leader(old.name)
    await next.log!.append('orders', text('after'))

    // It hears its leader, again and again, and what it has is what it would have to answer with.
    const status = () => follower.member.status
    const deceived = { leader: old.name, hearsLeader: true }
    await expect.poll(status).toMatchObject(deceived)
    expect(await textsOf(log)).toEqual(['before'])
    const ends = await Promise.all(
      Object.entries(reads).map(async ([name, read]) => [name, await endOf(read(log))]),
    )
    await expect.poll(status).toMatchObject(deceived)
    expect(ends).toEqual(Object.keys(reads).map((name) => [name, 'GOETHE_UNAVAILABLE']))

    members.mend()
    // It may be told meanwhile that the lead has changed, and has to ask again.
    await expect
      .poll(() => textsOf(log, linearizable).catch(() => undefined))
      .toEqual(['before', 'after'])
  })

  it('is refused by a follower that hears no leader', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    await leader.log!.append('orders', text('first'))
    const follower = [...members.running.values()].find((member) => member !== leader)!
    const log = await follower.follow()
    members.isolate(follower.name)
    await expect.poll(() => endOf(log.confirm())).toBe('GOETHE_NOT_LEADER')
    for (const read of Object.values(reads))
      expect(await endOf(read(log))).toBe('GOETHE_NOT_LEADER')
    // What it has by itself it still shows.
    expect(await textsOf(log)).toEqual(['first'])
  })

  it('waits for what is committed, and shown by others, to be applied by the leader', async () => {
    await using folder = await tempFolder()
    await using members = await started(folder.path)
    const leader = await members.leader()
    const log = leader.log!
    await log.append('orders', text('first'))
    const follower = [...members.running.values()].find((member) => member !== leader)!
    const tail = (await follower.follow()).read('orders', { follow: true })[Symbol.asyncIterator]()
    await tail.next()
    const { store } = leader
    const apply = store.apply.bind(store)
    let release!: () => void
    const released = new Promise<void>((resolve) => (release = resolve))
    store.apply = async (...applied) => {
      await released
      return apply(...applied)
    }
    const appended = log.append('orders', text('second'))
    expect((await tail.next()).value?.text()).toBe('second')
    await tail.return?.()

    const answered = confirmed(members, leader)
    let settled = false
    const confirming = log.confirm().finally(() => (settled = true))
    await answered
    await turn()
    await turn()
    expect(settled).toBe(false)
    release()
    await confirming
    expect(await textsOf(log)).toEqual(['first', 'second'])
    await appended
  })
})

/** Resolves once all others have answered the next question of who leads. */
function confirmed({ names }: LocalMembers, { member, name }: LocalMember): Promise<void> {
  const missing = new Set(names.filter((other) => other !== name))
  const input = member.input.bind(member)
  return new Promise((resolve) => {
    member.input = (one) => {
      input(one)
      const { body, from } = one.type === 'message' ? one.message : {}
      if (body?.type === 'acknowledge' && body.confirm > 0) missing.delete(from!.member)
      if (missing.size === 0) resolve()
    }
  })
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
