import { describe, expect, it } from 'vitest'
import { GoetheError } from '@goethe/core'
import { freePort } from '../../cluster/tests-support/free-ports.js'
import { hastyClock } from '../tests-support/hasty-clock.js'
import { Served, textsOf } from '../tests-support/served.js'
import { TcpProxy } from '../tests-support/tcp-proxy.js'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import type { Client } from './client.js'
import { connect } from './index.js'

/** What a client has emitted, with what happened to it. */
function eventsOf(client: Client): string[] {
  const events: string[] = []
  client.on('connect', ({ address }) => events.push(`connect ${address}`))
  client.on('disconnect', ({ address, error }) => {
    events.push(`disconnect ${address}: ${error.code}`)
  })
  client.on('reconnect', ({ address }) => events.push(`reconnect ${address}`))
  client.on('close', () => events.push('close'))
  return events
}

const hostOf = (address: string): string => address.replace('goethe://', '')

describe('a client', () => {
  it('says when it connects, loses the connection, has it again and closes', async () => {
    await using served = await Served.start()
    const client = served.connect({ random: () => 0 })
    const events = eventsOf(client)
    await client.topics()
    const lost = new Promise((resolve) => client.once('disconnect', resolve))
    served.proxy.cut()
    await lost
    await client.topics()
    await client.close()
    const host = hostOf(served.proxy.address)
    expect(events).toEqual([
      `connect ${host}`,
      `disconnect ${host}: GOETHE_UNAVAILABLE`,
      `reconnect ${host}`,
      'close',
    ])
  })

  it('says so once, however many calls are hit', async () => {
    await using served = await Served.start()
    const client = served.connect({ random: () => 0 })
    await client.append('t', Buffer.from(''))
    const events = eventsOf(client)
    served.proxy.cutAfter('down', 0)
    const appends = Array.from({ length: 50 }, () => client.append('t', Buffer.from('')))
    await Promise.all([...appends, ...appends.map(() => client.describe('t'))])
    expect(events.map((event) => event.split(' ')[0])).toEqual(['disconnect', 'reconnect'])
  })

  it('goes on when the server starts again on the same log', async () => {
    await using served = await Served.start()
    const client = served.connect({ clock: hastyClock() })
    const tail = client.read('t', { follow: true })[Symbol.asyncIterator]()
    const appends: Promise<unknown>[] = []
    for (let round = 0; round < 4; round++) {
      for (let count = 0; count < 50; count++) {
        appends.push(client.append('t', Buffer.from(`${round * 50 + count}`)))
      }
      await appends.at(-20)
      await served.restart()
    }
    await Promise.all(appends)
    const expected = appends.map((_, index) => `${index}`)
    expect(await textsOf(served.log, 't')).toEqual(expected)
    const read: string[] = []
    while (read.length < 200) read.push((await tail.next()).value!.text())
    expect(read).toEqual(expected)
    await tail.return?.()
  })
})

describe('of two addresses', () => {
  it('the second is used when nothing is at the first', async () => {
    await using served = await Served.start()
    await using dead = await TcpProxy.start(1)
    dead.refuse()
    const client = connect([dead.address, served.proxy.address])
    await using _closing = client
    const events = eventsOf(client)
    await client.append('t', Buffer.from('1'))
    expect(events).toEqual([`connect ${hostOf(served.proxy.address)}`])
  })

  it('the second is used when the first does not answer', async () => {
    await using served = await Served.start()
    await using silent = await TcpProxy.start(served.server.address)
    silent.freeze()
    await using client = connect([silent.address, served.proxy.address], { clock: hastyClock(10) })
    await client.append('t', Buffer.from('1'))
    expect(await textsOf(served.log, 't')).toEqual(['1'])
  })

  it('the other one is used whenever one is lost, and back', async () => {
    const log = await memoryLog()
    const server = await TestServer.start(log)
    await using first = await TcpProxy.start(server.address)
    await using second = await TcpProxy.start(server.address)
    const client = connect([first.address, second.address], { random: () => 0 })
    const events = eventsOf(client)
    const proxies = [first, second]
    const appends: Promise<unknown>[] = []
    for (let round = 0; round < 6; round++) {
      for (let count = 0; count < 20; count++) {
        appends.push(client.append('t', Buffer.from(`${appends.length}`)))
      }
      await appends.at(-10)
      proxies[round % 2]!.refuse()
      proxies[round % 2]!.cut()
      proxies[(round + 1) % 2]!.heal()
    }
    await Promise.all(appends)
    expect(await textsOf(log, 't')).toEqual(appends.map((_, index) => `${index}`))
    const connections = events.filter((event) => !event.startsWith('disconnect'))
    expect(connections.slice(0, 3).map((event) => event.split(' ')[1])).toEqual(
      [first, second, first].map(({ address }) => hostOf(address)),
    )
    await client.close()
    await server.stop()
    await log.close()
  })
})

describe('a server that does not lead names the one that does, and', () => {
  /** A server whose log refuses appends and trims for good. */
  async function follower(leader: string): Promise<TestServer> {
    const log = await memoryLog()
    const refuse = (): Promise<never> =>
      Promise.reject(
        new GoetheError('GOETHE_NOT_LEADER', 'The leader is another', { details: { leader } }),
      )
    const following = new Proxy(log, {
      get(target, name) {
        if (name === 'append' || name === 'appendAll' || name === 'trim') return refuse
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    return TestServer.start(log, { context: { logFor: () => following } })
  }

  it('appends and other calls go there', async () => {
    await using leader = await Served.start()
    const server = await follower(hostOf(leader.server.address))
    const client = connect(server.address, { random: () => 0 })
    const events = eventsOf(client)
    const appends = Array.from({ length: 20 }, (_, index) =>
      client.append('t', Buffer.from(`${index}`)),
    )
    await Promise.all(appends)
    expect(await textsOf(leader.log, 't')).toEqual(appends.map((_, index) => `${index}`))
    expect(await client.trim('t', { before: 3 })).toMatchObject({ count: 2 })
    expect(events).toEqual([
      `connect ${hostOf(server.address)}`,
      `disconnect ${hostOf(server.address)}: GOETHE_NOT_LEADER`,
      `reconnect ${hostOf(leader.server.address)}`,
    ])
    await client.close()
    await server.stop()
    await server.log.close()
  })

  it('all addresses are asked when the one that is named cannot be reached', async () => {
    await using leader = await Served.start()
    // It has one address for its own network, and another one for ours.
    const unknown = await freePort()
    const followers = [await follower(`127.0.0.1:${unknown}`), await follower('127.0.0.1:1')]
    const addresses = [...followers, leader.server].map(({ address }) => address)
    const client = connect(addresses, { random: () => 0 })
    await client.append('t', Buffer.from('Faust'))
    expect(await textsOf(leader.log, 't')).toEqual(['Faust'])
    await client.close()
    for (const server of followers) {
      await server.stop()
      await server.log.close()
    }
  })

  it('who does not repeat appends is told, and goes there with the next one', async () => {
    await using leader = await Served.start()
    const server = await follower(hostOf(leader.server.address))
    const client = connect(server.address, { idempotent: false, random: () => 0 })
    await expect(client.append('t', Buffer.from('first'))).rejects.toMatchObject({
      code: 'GOETHE_NOT_LEADER',
    })
    await client.append('t', Buffer.from('second'))
    expect(await textsOf(leader.log, 't')).toEqual(['second'])
    await client.close()
    await server.stop()
    await server.log.close()
  })

  it('a name that is no address is no reason to fail otherwise than without one', async () => {
    const server = await follower('http://nowhere/')
    const client = connect(server.address, { deadlineMs: 500 })
    // Tried until the deadline, which may come between two tries or within one.
    await expect(client.trim('t', { before: 3 })).rejects.toMatchObject({
      code: expect.stringMatching(/NOT_LEADER|DEADLINE|UNAVAILABLE/) as string,
    })
    await client.close()
    await server.stop()
    await server.log.close()
  })
})
