// A Lease goes back and forth between a member of ours and another program's elector.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { ClientGoElector } from '../../tests-support/client-go-elector.js'
import { ElectorProcess } from '../../tests-support/elector-process.js'
import type { Elector, ElectorOptions } from '../../tests-support/elector.js'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import { MemberOnLease } from '../../tests-support/member-on-lease.js'
import { realCluster, removeObject } from '../../tests-support/real-cluster.js'
import type { ClusterAccess } from '../kubernetes/cluster-access.js'
import { KubernetesClient } from '../kubernetes/kubernetes-client.js'
import { leases } from '../kubernetes/resource.js'
import { LeaseCoordinator } from './lease-coordinator.js'
import type { Lease } from './lease-record.js'

/** An elector of some kind, which waits for so long after the last change before it takes a Lease. */
interface ElectorKind {
  readonly waitsMs: number
  open(client: KubernetesClient, options: ElectorOptions): Elector
}

const fake = await FakeApiServer.start()
const folder = await tempFolder()
afterAll(async () => {
  await fake.stop()
  await folder[Symbol.asyncDispose]()
})

/** Goes by the holder's duration, and with it by that of our leader. */
const standIn: ElectorKind = {
  waitsMs: 10_000,
  open: (client, options) => new ClientGoElector({ client, ...options }),
}

const fakeAccess = { server: fake.url, namespace: 'poets', readCredentials: async () => ({}) }
leaseInterop("the stand-in for client-go's elector on the fake API server", fakeAccess, standIn)
const cluster = await realCluster()
if (cluster !== undefined) {
  leaseInterop("the stand-in for client-go's elector on a real API server", cluster, standIn)
}

// What `npm run kubernetes` has built.
const program = process.env['GOETHE_TEST_CLIENT_GO'] ?? ''
if (program !== '') {
  const onFake = join(folder.path, 'kubeconfig')
  await writeFile(onFake, kubeconfigOf(fakeAccess))
  leaseInterop("client-go's elector on the fake API server", fakeAccess, itself(onFake))
  const path = process.env['GOETHE_TEST_KUBECONFIG']
  if (cluster !== undefined && path !== undefined) {
    leaseInterop("client-go's elector on a real API server", cluster, itself(path))
  }
}

function leaseInterop(who: string, access: ClusterAccess, kind: ElectorKind): void {
  const { waitsMs } = kind

  /** One Lease, one client, and a clock that both sides have. */
  class Stage implements AsyncDisposable {
    readonly name = `goethe-interop-${randomUUID()}`
    readonly client = KubernetesClient.open(access)
    readonly coordinator = new LeaseCoordinator({ client: this.client, name: this.name })
    readonly member = new MemberOnLease(this.coordinator)
    #nowMs = 0
    readonly other = this.elector('other')

    elector(identity: string): Elector {
      return kind.open(this.client, { name: this.name, identity, nowMs: () => this.#nowMs })
    }

    /** Both live on: the member in steps of 500 ms, the other one every two seconds. */
    async pass(ms: number): Promise<void> {
      for (let passedMs = 0; passedMs < ms; passedMs += 2_000) {
        await this.passWithout(2_000)
        await this.member.pass(2_000)
      }
    }

    /** The other one is gone. Our member looks every three seconds, and sees changes as late as that. */
    async passAlone(ms: number): Promise<void> {
      this.#nowMs += ms
      await this.member.pass(ms)
    }

    /** Time goes by for the other one alone: our member hangs, or is cut off. */
    async passWithout(ms: number): Promise<void> {
      for (let passedMs = 0; passedMs < ms; passedMs += 2_000) {
        this.#nowMs += 2_000
        await this.other.tryAcquireOrRenew()
      }
    }

    async lease(): Promise<Lease> {
      return (await this.client.get<Lease>(leases, this.name))!
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.other.close()
      await removeObject(this.client, leases, this.name)
      await this.coordinator.close()
      await this.client.close()
    }
  }

  /** Our member has led so long that it has renewed a few times. */
  async function led(): Promise<Stage> {
    const stage = new Stage()
    await stage.member.pass(1_000)
    await stage.pass(20_000)
    expect(stage.member.status).toMatchObject({ role: 'leader', epoch: 1 })
    return stage
  }

  describe(`a Lease of ours, as it is seen by ${who}`, () => {
    it('is held as long as our leader renews it', async () => {
      await using stage = await led()
      await stage.pass(60_000)
      expect(stage.other.isLeader).toBe(false)
      expect(stage.other.holder).toBe('a')
      expect(stage.member.status.role).toBe('leader')
    })

    it('has all fields that an elector writes, and keeps when it was acquired', async () => {
      await using stage = await led()
      const { spec } = await stage.lease()
      expect(Object.keys(spec!).sort()).toEqual([
        'acquireTime',
        'holderIdentity',
        'leaseDurationSeconds',
        'leaseTransitions',
        'renewTime',
      ])
      expect(spec!.leaseDurationSeconds).toBe(10)
      await stage.pass(10_000)
      const later = (await stage.lease()).spec!
      expect(later.acquireTime).toBe(spec!.acquireTime)
      expect(Date.parse(later.renewTime!)).toBeGreaterThan(Date.parse(spec!.renewTime!))
    })

    it('is taken over once it has stood still for long enough, and not before', async () => {
      await using stage = await led()
      await stage.passWithout(waitsMs - 2_000)
      expect(stage.other.isLeader).toBe(false)
      await stage.passWithout(4_000)
      expect(stage.other.isLeader).toBe(true)
      const { spec, metadata } = await stage.lease()
      expect(spec).toMatchObject({ holderIdentity: 'other', leaseTransitions: 2 })
      // Who is in sync is still to be read there.
      expect(metadata.annotations).toMatchObject({
        'goethe.typusomega.io/epoch': '1',
        'goethe.typusomega.io/in-sync': 'a a/1',
      })
    })

    it('is free when our leader has given up its lead', async () => {
      await using stage = await led()
      stage.member.replica.step({ type: 'stop' })
      await stage.member.pass(3_000)
      expect((await stage.lease()).spec!.holderIdentity ?? '').toBe('')
      expect(await stage.other.tryAcquireOrRenew()).toBe(true)
    })
  })

  describe(`a Lease that was taken over from us by ${who}`, () => {
    async function lost(): Promise<Stage> {
      const stage = await led()
      await stage.passWithout(waitsMs + 2_000)
      expect(stage.other.isLeader).toBe(true)
      return stage
    }

    it('is a lead that is lost', async () => {
      await using stage = await lost()
      await stage.pass(4_000)
      expect(stage.member.status).toMatchObject({
        role: 'candidate',
        epoch: 2,
        problem:
          'the record is held by "other", which is no member of this cluster: it is left alone until ' +
          'the record has stood still for 15 s',
      })
    })

    it('is left alone as long as it is renewed', async () => {
      await using stage = await lost()
      await stage.pass(120_000)
      expect(stage.other.isLeader).toBe(true)
      expect(stage.member.status.role).toBe('candidate')
      const { spec } = await stage.lease()
      expect(spec).toMatchObject({ holderIdentity: 'other', leaseTransitions: 2 })
    })

    it('is ours again, in an epoch above both counts, once it has stood still long enough', async () => {
      await using stage = await lost()
      await stage.pass(4_000)
      await stage.passAlone(12_000)
      expect(stage.member.status.role).toBe('candidate')
      await stage.passAlone(16_000)
      expect(stage.member.status).toMatchObject({ role: 'leader', epoch: 3, problem: undefined })
      expect(await stage.lease()).toMatchObject({
        metadata: {
          annotations: {
            'goethe.typusomega.io/epoch': '3',
            'goethe.typusomega.io/leader': 'a',
            'goethe.typusomega.io/in-sync': 'a a/1',
          },
        },
        spec: { holderIdentity: 'a', leaseTransitions: 3, leaseDurationSeconds: 10 },
      })
      // And who held it sees that, and waits again.
      expect(await stage.other.tryAcquireOrRenew()).toBe(false)
      expect(stage.other.isLeader).toBe(false)
    })

    it('is ours again at once when it was given back', async () => {
      await using stage = await lost()
      await stage.pass(4_000)
      expect(await stage.other.release()).toBe(true)
      await stage.passAlone(8_000)
      expect(stage.member.status).toMatchObject({ role: 'leader', epoch: 3 })
    })

    it('goes back and forth', async () => {
      await using stage = await lost()
      for (let round = 1; round < 4; round++) {
        await stage.pass(4_000)
        await stage.passAlone(30_000)
        expect(stage.member.status).toMatchObject({ role: 'leader', epoch: 1 + 2 * round })
        await stage.passWithout(waitsMs + 4_000)
        expect(stage.other.isLeader).toBe(true)
        expect((await stage.lease()).spec!.leaseTransitions).toBe(2 + 2 * round)
      }
    })

    it('does not make a member lead that is not in sync', async () => {
      await using stage = await lost()
      const lease = await stage.lease()
      const name = 'goethe.typusomega.io/in-sync'
      const annotations = { ...lease.metadata.annotations, [name]: 'b b/1' }
      const metadata = { ...lease.metadata, annotations }
      await stage.client.replace(leases, { ...lease, metadata })
      await stage.passAlone(60_000)
      expect(stage.member.status.role).toBe('candidate')
      expect((await stage.lease()).spec!.holderIdentity).toBe('other')
    })
  })

  describe(`a Lease that never was ours, but of ${who}`, () => {
    it('is left alone, also when it has stood still', async () => {
      await using stage = new Stage()
      expect(await stage.other.tryAcquireOrRenew()).toBe(true)
      await expect(stage.coordinator.read()).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
      expect((await stage.lease()).spec).toMatchObject({
        holderIdentity: 'other',
        leaseTransitions: 0,
      })
    })
  })
}

/** The version that is built goes by its own duration instead. */
function itself(kubeconfig: string): ElectorKind {
  return {
    waitsMs: 15_000,
    open: (_client, options) => new ElectorProcess(program, kubeconfig, options),
  }
}

function kubeconfigOf({ server, namespace }: ClusterAccess): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'here', cluster: { server } }],
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'nobody', namespace } }],
    users: [{ name: 'nobody', user: {} }],
  })
}
