import { describe, expect, it } from 'vitest'
import { SteadyAppends } from '../server/steady-appends.js'
import { KubernetesCluster, role } from './kubernetes-cluster.js'
import { unusedRights } from './role.js'

const topic = 'orders'

// Three processes each, and what has to be waited for is seconds by its nature.
const timeout = 120_000

describe('three members in Kubernetes', { timeout }, () => {
  it('agree by a Lease, survive a crash, and need the rights of the Role and no others', async () => {
    await using cluster = await KubernetesCluster.start()
    const { api } = cluster
    await using log = cluster.connect()
    const first = await cluster.leader()
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: first, leaseTransitions: 1 })
    const appends = new SteadyAppends(log, topic, 5)
    await appends.acknowledged.reaches(100)

    await cluster.end(first, 'SIGKILL')
    const second = await cluster.leader(first)
    await appends.acknowledged.reaches(appends.acknowledged.count + 100)
    await appends.end()
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: second, leaseTransitions: 2 })
    const events = await log.read(topic).toArray()
    expect(events.map(({ id }) => id)).toEqual(ascending(appends.ids))

    await cluster.run(first)
    await cluster.follows(first)
    expect(api.asked.filter((right) => !api.allows(right))).toEqual([])
    expect(unusedRights(role, api.asked)).toEqual([])
  })

  it('speak TLS to each other and to clients that they know, as in production', async () => {
    await using cluster = await KubernetesCluster.start('overlays/production')
    const first = await cluster.leader()
    await Promise.all(cluster.names.filter((name) => name !== first).map(cluster.follows))
    await using log = cluster.connect()
    await log.append(topic, Buffer.from('Faust'))
    await cluster.end(first, 'SIGKILL')
    await log.append(topic, Buffer.from('Egmont'))
    const events = await log.read(topic).toArray()
    expect(events.map((event) => event.text())).toEqual(['Faust', 'Egmont'])
    await expect(log.append('invoices', Buffer.from('Faust'))).rejects.toMatchObject({
      code: 'GOETHE_FORBIDDEN',
    })
  })

  it('hand over when the pod of the leader is stopped, and no append fails', async () => {
    await using cluster = await KubernetesCluster.start()
    const first = await cluster.leader()
    await Promise.all(cluster.names.filter((name) => name !== first).map(cluster.follows))
    await using log = cluster.connect()
    const appends = new SteadyAppends(log, topic, 5)
    await appends.acknowledged.reaches(100)
    await cluster.end(first, 'SIGTERM')
    await appends.acknowledged.reaches(appends.acknowledged.count + 100)
    await appends.end()
    expect(cluster.lease.spec.leaseTransitions).toBe(2)
    expect(await log.describe(topic)).toMatchObject({ count: appends.texts.length })
  })

  it('are restarted one after the other, and no append fails', async () => {
    await using cluster = await KubernetesCluster.start()
    await cluster.leader()
    await using log = cluster.connect()
    const appends = new SteadyAppends(log, topic, 5)
    // As a StatefulSet does it: from the last one on, each when the one before is ready.
    for (const name of cluster.names.toReversed()) {
      await cluster.end(name, 'SIGTERM')
      await appends.acknowledged.reaches(appends.acknowledged.count + 20)
      await cluster.run(name)
      await cluster.isReady(name)
    }
    await appends.end()
    const events = await log.read(topic).toArray()
    expect(events.map(({ id }) => id)).toEqual(ascending(appends.ids))
  })

  it('lose nothing with the disks of two, the leader among them, if the third was in sync', async () => {
    await using cluster = await KubernetesCluster.start()
    const leader = await cluster.leader()
    const [one, other] = cluster.names.filter((name) => name !== leader) as [string, string]
    await Promise.all([one, other].map(cluster.follows))
    await using log = cluster.connect()
    await log.append(topic, Buffer.from('before'))
    for (const name of [leader, one]) {
      await cluster.end(name, 'SIGKILL')
      await cluster.loseDisk(name)
    }
    // It leads, and takes nothing before there is a second copy.
    await cluster.explains(other, 'in sync 1 of 2 needed')
    await Promise.all([leader, one].map((name) => cluster.run(name)))
    await log.append(topic, Buffer.from('after'))
    await Promise.all([leader, one].map(cluster.follows))
    const events = await log.read(topic).toArray()
    expect(events.map((event) => event.text())).toEqual(['before', 'after'])
  })
})

function ascending(ids: readonly bigint[]): bigint[] {
  return [...ids].sort((first, second) => (first < second ? -1 : 1))
}
