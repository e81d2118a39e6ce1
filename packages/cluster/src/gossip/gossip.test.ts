import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../../../core/tests-support/seeds.js'
import { calm, gossipOf } from '../../tests-support/gossip-world.js'
import type { Gossip, GossipEffect } from './gossip.js'
import type { GossipMessage } from './gossip-message.js'
import { isNewer } from './member-state.js'

/** Delivers all that is sent, until nothing is. */
function settle(members: Record<string, Gossip>, effects: GossipEffect[], nowMs = 0): string[] {
  const alarms: string[] = []
  for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
    if (effect.type === 'alarm') alarms.push(effect.message)
    else if (effect.to in members) {
      effects.push(...receive(members[effect.to]!, effect.message, nowMs))
    }
  }
  return alarms
}

function receive(gossip: Gossip, message: GossipMessage, nowMs: number): GossipEffect[] {
  return gossip.step({ type: 'message', nowMs, message })
}

/** One member compares with all others it knows. */
function exchange(members: Record<string, Gossip>, from: string, nowMs = 0): string[] {
  const gossip = members[from]!
  gossip.step({ type: 'peers', nowMs, members: Object.keys(members) })
  return settle(members, gossip.step({ type: 'tick', nowMs }), nowMs)
}

const namesSeenBy = (gossip: Gossip, nowMs = 0): string[] =>
  gossip.view(nowMs).members.map(({ member }) => member)

describe('Gossip', () => {
  it('makes both sides of an exchange know what one of them knew', () => {
    const members = {
      a: gossipOf('a'),
      b: gossipOf('b'),
      c: gossipOf('c', { report: { load: 0.5 } }),
    }
    exchange({ b: members.b, c: members.c }, 'b')
    exchange({ a: members.a, b: members.b }, 'a')
    expect(namesSeenBy(members.a)).toEqual(['a', 'b', 'c'])
    expect(namesSeenBy(members.b)).toEqual(['a', 'b', 'c'])
    expect(members.a.view(0).get('c')!.report.load).toBe(0.5)
  })

  it('tells of a change with the next exchange', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    exchange(members, 'a')
    const report = { ...calm, health: 'unhealthy' as const, reason: 'its disk is full' }
    members.b.step({ type: 'local', report })
    exchange(members, 'a', 1000)
    expect(members.a.view(1000).get('b')!.report).toEqual(report)
    expect(members.a.view(1000).concerns()).toEqual(['b is unhealthy: its disk is full'])
  })

  it('sends nothing but a digest where both know the same', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    exchange(members, 'a')
    const [digest] = members.a.step({ type: 'tick', nowMs: 1000 })
    const message = (digest as Extract<GossipEffect, { type: 'send' }>).message
    settle(members, receive(members.b, message, 1000))
    expect(receive(members.b, message, 1000)).toEqual([])
  })

  it('makes itself known to who cannot answer yet', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b', { report: { peerAddress: 'b:1339' } }) }
    members.b.step({ type: 'peers', nowMs: 0, members: ['a'] })
    // What `a` sends gets nowhere, as it does not know where.
    settle({ a: members.a }, members.b.step({ type: 'tick', nowMs: 0 }))
    expect(members.a.view(0).get('b')!.report.peerAddress).toBe('b:1339')
    // Once both are heard of, it is told no more.
    exchange(members, 'b', 1000)
    const sent = members.b.step({ type: 'tick', nowMs: 2000 })
    expect(sent).toMatchObject([{ to: 'a', message: { body: { type: 'digest' } } }])
    // As after a restart of `a`, which has forgotten all.
    const later = members.b.step({ type: 'tick', nowMs: 60_000 })
    expect(later).toMatchObject([{}, { message: { body: { type: 'states' } } }])
  })

  it('takes a member that was started again for newer, whatever its version', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    for (let nowMs = 0; nowMs < 10_000; nowMs += 1000) exchange(members, 'b', nowMs)
    members.b = gossipOf('b', { generation: 2, report: { epoch: 9 } })
    exchange(members, 'b', 10_000)
    expect(members.a.view(10_000).get('b')).toMatchObject({ generation: 2, report: { epoch: 9 } })
  })

  it('goes above its own old state where its clock went back', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b', { generation: 1000 }) }
    exchange(members, 'b')
    members.b = gossipOf('b', { generation: 7, report: { epoch: 9 } })
    const alarms = exchange(members, 'b')
    expect(alarms).toEqual([
      'a heard of another process that is called b, as this one, and is reached at b:7070',
    ])
    exchange(members, 'b', 1000)
    expect(members.a.view(1000).get('b')).toMatchObject({ generation: 1001, report: { epoch: 9 } })
  })

  it('tells once of a process of its name that goes on', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    const double = { a: members.a, b: gossipOf('b', { generation: 2 }) }
    const alarms: string[] = []
    for (let nowMs = 0; nowMs < 10_000; nowMs += 1000) {
      exchange(double, 'b', nowMs)
      alarms.push(...exchange(members, 'b', nowMs))
    }
    expect(alarms).toHaveLength(1)
  })

  it('refuses a member of another cluster, and says so', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b', { report: { clusterId: 'two' } }) }
    // It says a digest, and who it is.
    const alarm = 'a belongs to the cluster one, and this member to two'
    expect(exchange(members, 'a')).toEqual([alarm, alarm])
    expect(namesSeenBy(members.a)).toEqual(['a'])
    expect(namesSeenBy(members.b)).toEqual(['b'])
  })

  it('takes nothing of another cluster from a member that has never belonged to one', () => {
    const virgin = gossipOf('v', { report: { clusterId: undefined } })
    const members = {
      a: gossipOf('a'),
      b: gossipOf('b', { report: { clusterId: 'two' } }),
      v: virgin,
    }
    exchange({ v: virgin, b: members.b }, 'v')
    const alarms = exchange({ v: virgin, a: members.a }, 'a', 1000)
    expect(alarms).toEqual(['v says that b belongs to the cluster two'])
    expect(namesSeenBy(members.a)).toEqual(['a', 'v'])
  })

  it('knows whether all that discovery names are virgin', () => {
    const report = { clusterId: undefined }
    const members = { a: gossipOf('a', { report }), b: gossipOf('b', { report }) }
    expect(members.a.view(0).allVirgin(['b'])).toBe(false)
    exchange(members, 'a')
    expect(members.a.view(0).allVirgin(['b'])).toBe(true)
    expect(members.a.view(0).allVirgin(['b', 'c'])).toBe(false)
    members.b.step({ type: 'local', report: calm })
    exchange(members, 'a', 1000)
    expect(members.a.view(1000).allVirgin(['b'])).toBe(false)
  })

  it('names those that hear the leader of an epoch, but no suspects', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    exchange(members, 'a')
    const hearers = (nowMs: number, epoch: number) =>
      members.a
        .view(nowMs)
        .hearers(epoch)
        .map(({ member }) => member)
    expect(hearers(0, 1)).toEqual(['b'])
    expect(hearers(0, 2)).toEqual([])
    expect(hearers(60_000, 1)).toEqual([])
  })

  it('forgets a silent member that discovery does not name, and is not reminded of it', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b'), c: gossipOf('c') }
    exchange(members, 'a')
    exchange(members, 'b')
    const { a, b } = members
    for (let nowMs = 1000; nowMs <= 70_000; nowMs += 1000) exchange({ a, b }, 'a', nowMs)
    expect(namesSeenBy(a)).toEqual(['a', 'b'])
    // The other one, which has not noticed the time, still knows of it.
    expect(namesSeenBy(b)).toEqual(['a', 'b', 'c'])
    settle({ a, b }, b.step({ type: 'tick', nowMs: 1500 }), 70_500)
    expect(namesSeenBy(a)).toEqual(['a', 'b'])
  })

  it('remembers a silent member as long as discovery names it', () => {
    const members = { a: gossipOf('a'), b: gossipOf('b') }
    exchange(members, 'a')
    for (let nowMs = 1000; nowMs <= 600_000; nowMs += 1000) members.a.step({ type: 'tick', nowMs })
    const view = members.a.view(600_000).get('b')!
    expect(view.suspected).toBe(true)
    expect(view.silentMs).toBe(600_000)
  })
})

describe('gossip in any order, with losses and repetitions', () => {
  const names = ['a', 'b', 'c', 'd']
  const act = fc.oneof(
    { weight: 3, arbitrary: fc.record({ act: fc.constant('tick' as const), who: fc.nat(3) }) },
    { weight: 5, arbitrary: fc.record({ act: fc.constant('deliver' as const), who: fc.nat(1e6) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('repeat' as const), who: fc.nat(1e6) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('lose' as const), who: fc.nat(1e6) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('local' as const), who: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('restart' as const), who: fc.nat(3) }) },
  )

  it('versions never go back, and all know the same in the end', () => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 120 }),
        fc.infiniteStream(fc.nat(1e6)),
        (acts, chance) => {
          const random = (): number => chance.next().value / (1e6 + 1)
          const start = (name: string, generation: number): Gossip => {
            const gossip = gossipOf(name, { random, generation, fanout: 3 })
            gossip.step({ type: 'peers', nowMs: 0, members: names })
            return gossip
          }
          const members = Object.fromEntries(names.map((name) => [name, start(name, 1)]))
          const starts = new Map<string, number>()
          let flights: { to: string; message: GossipMessage }[] = []
          let nowMs = 0
          const change = (name: string, effects: () => GossipEffect[]): void => {
            const before = members[name]!.view(nowMs).members
            for (const effect of effects()) if (effect.type === 'send') flights.push(effect)
            for (const old of before) {
              const now = members[name]!.view(nowMs).get(old.member)
              expect(now).toBeDefined()
              expect(isNewer(old, now)).toBe(false)
            }
          }
          for (const { act: kind, who } of acts) {
            const name = names[who % 4]!
            const flight = flights[who % Math.max(flights.length, 1)]
            nowMs += 100
            if (kind === 'tick') change(name, () => members[name]!.step({ type: 'tick', nowMs }))
            else if (kind === 'local') {
              const report = { ...calm, lastLsn: nowMs }
              change(name, () => members[name]!.step({ type: 'local', report }))
            } else if (kind === 'restart') {
              starts.set(name, (starts.get(name) ?? 1) + 1)
              members[name] = start(name, starts.get(name)!)
            } else if (flight !== undefined) {
              if (kind !== 'repeat') flights = flights.filter((other) => other !== flight)
              if (kind !== 'lose') {
                change(flight.to, () => receive(members[flight.to]!, flight.message, nowMs))
              }
            }
          }
          // From now on nothing is lost: two rounds among all of them.
          for (const name of [...names, ...names]) exchangeAll(members, name, (nowMs += 1000))
          const known = (name: string): unknown[] =>
            members[name]!.view(nowMs).members.map(({ member, incarnation, report }) => [
              member,
              incarnation,
              report,
            ])
          for (const name of names) expect(known(name)).toEqual(known('a'))
          const last = members['a']!.view(nowMs).members.map(({ incarnation }) => incarnation)
          expect(last).toEqual(names.map((name) => `${name}/${starts.get(name) ?? 1}`))
        },
      ),
      checking(100),
    )
  })
})

/** One member hears from each other one, and they from it. */
function exchangeAll(members: Record<string, Gossip>, from: string, nowMs: number): void {
  for (const other of Object.keys(members)) {
    if (other === from) continue
    members[from]!.step({ type: 'peers', nowMs, members: [other] })
    settle(members, members[from]!.step({ type: 'tick', nowMs }), nowMs)
  }
}
