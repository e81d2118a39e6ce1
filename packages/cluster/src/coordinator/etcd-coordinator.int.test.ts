import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manualClock } from '@goethe/core/testing'
import { TcpProxy } from '../../../client/tests-support/tcp-proxy.js'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { TestAuthority } from '../../../server/tests-support/certificates.js'
import { EtcdProcess, hasEtcd } from '../../tests-support/etcd-process.js'
import { proxiedSubject } from '../../tests-support/proxied-subject.js'
import type { EtcdTls } from '../etcd/etcd-endpoint.js'
import { untilRead } from './conformance-support.js'
import { coordinatorConformance } from './coordinator-conformance.js'
import { EtcdCoordinator } from './etcd-coordinator.js'
import { sample } from './record-samples.js'

describe.skipIf(!hasEtcd)('with a real etcd', () => {
  let etcd: EtcdProcess

  beforeAll(async () => {
    etcd = await EtcdProcess.start()
  })

  afterAll(async () => {
    await etcd[Symbol.asyncDispose]()
  })

  coordinatorConformance({
    name: 'on a key of etcd',
    describe,
    it,
    start() {
      const key = randomUUID()
      return proxiedSubject({
        port: etcd.port,
        open(port, clock) {
          const endpoints = [`http://127.0.0.1:${port}`]
          const coordinator = new EtcdCoordinator({ endpoints, key, ...(clock && { clock }) })
          return { coordinator, close: () => coordinator.close() }
        },
        restart: async () => {
          await etcd.kill()
          await etcd.run()
        },
        close: async () => undefined,
      })
    },
  })

  const url = (port: number): string => `http://127.0.0.1:${port}`

  describe('what is under the key', () => {
    async function readOf(value: string): Promise<unknown> {
      const key = randomUUID()
      const base64 = (text: string): string => Buffer.from(text).toString('base64')
      await etcd.post('kv/put', { key: base64(key), value: base64(value) })
      const coordinator = new EtcdCoordinator({ endpoints: [url(etcd.port)], key })
      const outcome = await coordinator.read().catch((error: Error) => error)
      await coordinator.close()
      return outcome
    }

    it('is refused when it is of somebody else', async () => {
      expect(await readOf('{"holder":"x"}')).toMatchObject({
        code: 'GOETHE_CORRUPT',
        message: expect.stringContaining('it has no format. Name another place') as string,
      })
      expect(await readOf('hello')).toMatchObject({ code: 'GOETHE_CORRUPT' })
      expect(await readOf('{"format":1,"epoch":-1}')).toMatchObject({ code: 'GOETHE_CORRUPT' })
    })

    it('is refused when a later version wrote it', async () => {
      expect(await readOf('{"format":2}')).toMatchObject({
        code: 'GOETHE_FORMAT',
        message: expect.stringContaining('has format 2, and this version knows 1') as string,
      })
    })
  })

  describe('of several endpoints', () => {
    it('the next is asked where one cannot be reached', async () => {
      await using dead = await TcpProxy.start(1)
      dead.refuse()
      const endpoints = [url(dead.port), url(etcd.port)]
      const coordinator = new EtcdCoordinator({ endpoints, key: randomUUID() })
      expect((await coordinator.change(undefined, sample())).outcome).toBe('changed')
      await coordinator.close()
    })

    it('a read leaves one that gives no answer while there is time for another', async () => {
      await using proxy = await TcpProxy.start(etcd.port)
      const clock = manualClock()
      const endpoints = [url(proxy.port), url(etcd.port)]
      const coordinator = new EtcdCoordinator({ endpoints, clock, timeoutMs: 5000 })
      await coordinator.read()
      proxy.freeze()
      const reading = coordinator.read()
      clock.advance(2500)
      expect(await reading).toBeUndefined()
      proxy.heal()
      await coordinator.close()
    })

    it('a watch leaves one that gives no answer any more, and goes on with the next', async () => {
      await using proxy = await TcpProxy.start(etcd.port)
      const key = randomUUID()
      const endpoints = [url(proxy.port), url(etcd.port)]
      const watcher = new EtcdCoordinator({ endpoints, key })
      let onCall: () => void = () => undefined
      const called = (): Promise<void> => new Promise((resolve) => (onCall = resolve))
      const first = called()
      watcher.watch(() => {
        onCall()
      })
      await first
      const again = called()
      proxy.freeze()
      await again
      const changed = called()
      const writer = new EtcdCoordinator({ endpoints: [url(etcd.port)], key })
      expect((await writer.change(undefined, sample())).outcome).toBe('changed')
      await changed
      await Promise.all([watcher.close(), writer.close()])
      proxy.heal()
    })

    it('a change that was sent is not sent to another', async () => {
      await using proxy = await TcpProxy.start(etcd.port)
      const clock = manualClock()
      const key = randomUUID()
      const endpoints = [url(proxy.port), url(etcd.port)]
      const coordinator = new EtcdCoordinator({ endpoints, key, clock })
      await coordinator.read()
      proxy.freeze('up')
      const changing = coordinator.change(undefined, sample())
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(10_000)
      expect((await changing).outcome).toBe('unknown')
      expect(await coordinator.read()).toBeUndefined()
      proxy.heal()
      await coordinator.close()
    })
  })
})

describe.skipIf(!hasEtcd)('three servers of etcd', () => {
  it('go on without the one that was asked, and say nothing without two of them', async () => {
    const servers = await EtcdProcess.startSeveral(3)
    const endpoints = servers.map(({ port }) => `http://127.0.0.1:${port}`)
    const coordinator = new EtcdCoordinator({ endpoints, timeoutMs: 10_000 })
    try {
      const first = await coordinator.change(undefined, sample())
      expect(first.outcome).toBe('changed')
      await servers[0]!.kill()
      // It may have led the others.
      const read = await untilRead(coordinator)
      expect(read?.record).toEqual(sample())
      const second = await coordinator.change(read?.token, sample({ epoch: 2 }))
      expect(second.outcome).toBe('changed')

      await servers[1]!.kill()
      const hasty = new EtcdCoordinator({ endpoints, timeoutMs: 2000 })
      await expect(hasty.read()).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
      await hasty.close()
      await servers[0]!.run()
      expect((await untilRead(coordinator))?.record.epoch).toBe(2)
    } finally {
      await coordinator.close()
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    }
  })
})

describe.skipIf(!hasEtcd)('an etcd with users', () => {
  it('takes the one that has the right, says what others lack, and renews a token', async () => {
    await using etcd = await EtcdProcess.start()
    const key = Buffer.from('goethe').toString('base64')
    await etcd.post('auth/user/add', { name: 'root', password: 'r' })
    await etcd.post('auth/user/grant', { user: 'root', role: 'root' })
    await etcd.post('auth/role/add', { name: 'goethe' })
    await etcd.post('auth/role/grant', { name: 'goethe', perm: { permType: 'READWRITE', key } })
    for (const name of ['wolfgang', 'stranger']) {
      await etcd.post('auth/user/add', { name, password: 'faust' })
    }
    await etcd.post('auth/user/grant', { user: 'wolfgang', role: 'goethe' })
    const endpoints = [`http://127.0.0.1:${etcd.port}`]
    const early = new EtcdCoordinator({ endpoints, user: { name: 'root', password: 'r' } })
    expect(await early.read()).toBeUndefined()
    await etcd.post('auth/enable', {})

    const open = (name: string, password: string): EtcdCoordinator =>
      new EtcdCoordinator({ endpoints, user: { name, password } })
    const wolfgang = open('wolfgang', 'faust')
    const first = await wolfgang.change(undefined, sample())
    expect(first.outcome).toBe('changed')

    const stranger = open('stranger', 'faust')
    await expect(stranger.read()).rejects.toMatchObject({ code: 'GOETHE_FORBIDDEN' })
    expect((await stranger.change(undefined, sample())).outcome).toBe('failed')
    const wrong = open('wolfgang', 'mephisto')
    await expect(wrong.read()).rejects.toMatchObject({ code: 'GOETHE_UNAUTHENTICATED' })
    const nobody = new EtcdCoordinator({ endpoints })
    await expect(nobody.read()).rejects.toMatchObject({
      code: 'GOETHE_UNAUTHENTICATED',
      message: expect.stringContaining('it wants a user and a password') as string,
    })

    // Simple tokens are in the memory of the server alone.
    await etcd.kill()
    await etcd.run()
    expect((await wolfgang.read())?.record).toEqual(sample())
    await Promise.all([early, wolfgang, stranger, wrong, nobody].map((each) => each.close()))
  })
})

describe.skipIf(!hasEtcd)('an etcd with TLS', () => {
  it('is held to its certificate, and takes ours', async () => {
    await using folder = await tempFolder()
    const authority = await TestAuthority.create(folder.path)
    const [server, client] = [await authority.sign('server'), await authority.sign('client')]
    const { certFile, keyFile } = server
    await using etcd = await EtcdProcess.start({ certFile, keyFile, caFile: authority.certFile })
    const endpoints = [`https://127.0.0.1:${etcd.port}`]
    const { cert, key } = client
    const known = new EtcdCoordinator({ endpoints, tls: { ca: authority.cert, cert, key } })
    expect((await known.change(undefined, sample())).outcome).toBe('changed')
    const distrustful = new EtcdCoordinator({ endpoints, tls: { cert, key } })
    await expect(distrustful.read()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining('certificate') as string,
    })
    await Promise.all([known.close(), distrustful.close()])
  })

  it('gets a certificate of ours that was renewed, and not one that is none', async () => {
    await using folder = await tempFolder()
    const authority = await TestAuthority.create(folder.path)
    const other = await TestAuthority.create(folder.path, 'other')
    const [server, renewed] = [await authority.sign('server'), await authority.sign('client')]
    const stranger = await other.sign('stranger')
    const { certFile, keyFile } = server
    await using etcd = await EtcdProcess.start({ certFile, keyFile, caFile: authority.certFile })
    const filesOf = ({ cert, key }: { cert: string; key: string }) => ({
      ca: authority.cert,
      cert,
      key,
    })
    let use: ((tls: EtcdTls) => void) | undefined
    const coordinator = new EtcdCoordinator({
      endpoints: [`https://127.0.0.1:${etcd.port}`],
      tls: filesOf(stranger),
      watchTls: (told) => {
        use = told
        return () => {
          use = undefined
        }
      },
    })
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    use!(filesOf(renewed))
    expect((await coordinator.change(undefined, sample())).outcome).toBe('changed')
    expect(() => {
      use!(filesOf({ cert: renewed.cert, key: stranger.key }))
    }).toThrow('key values mismatch')
    expect((await coordinator.read())?.record).toEqual(sample())
    // What was good is taken away again, for connections from now on.
    use!(filesOf(stranger))
    await expect(coordinator.read()).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    await coordinator.close()
    expect(use).toBeUndefined()
  })
})
