// What happens to the Lease by which members agree: others delete it, take it, or put an old one back.
import { connect } from '@goethe/client'
import { describe, expect, it } from 'vitest'
import { SteadyAppends } from '../server/steady-appends.js'
import { KubernetesCluster } from './kubernetes-cluster.js'

const topic = 'orders'

// Three processes each, and what has to be waited for is seconds by its nature.
const timeout = 120_000

describe('three members in Kubernetes', { timeout }, () => {
  it('read and write while the API server is away for longer than the Lease lasts', async () => {
    await using cluster = await KubernetesCluster.start()
    const { api } = cluster
    const leader = await cluster.leader()
    await using log = cluster.connect()
    const appends = new SteadyAppends(log, topic, 5)
    const { renewTime, leaseDurationSeconds } = cluster.lease.spec
    api.refusesWith = 503
    // Each member asks twice a second or so.
    const reads = (): number => api.requests.filter((what) => what === 'get leases').length
    const enough = reads() + cluster.names.length * 2 * (leaseDurationSeconds + 2)
    while (reads() < enough) await api.nextRequest('get leases')
    await appends.acknowledged.reaches(appends.acknowledged.count + 100)
    expect(await cluster.state(leader)).toBe('open')
    api.refusesWith = undefined
    while (cluster.lease.spec.renewTime === renewTime) await api.nextRequest('update leases')
    await appends.end()
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: leader, leaseTransitions: 1 })
    expect(await log.describe(topic)).toMatchObject({ count: appends.texts.length })
  })

  it('go on without a Lease that somebody has deleted, say so, and make no new one', async () => {
    await using cluster = await KubernetesCluster.start()
    const { api, lease, names } = cluster
    const leader = await cluster.leader()
    const followers = names.filter((name) => name !== leader)
    await Promise.all(followers.map(cluster.follows))
    await using log = cluster.connect()
    cluster.putLease(undefined)
    await Promise.all(names.map((name) => cluster.explains(name, 'record of the cluster is gone')))
    await log.append(topic, Buffer.from('meanwhile'))
    expect(await cluster.state(leader)).toBe('open')
    for (const name of followers) expect(await cluster.state(name)).toBe('following')
    expect(cluster.lease).toBeUndefined()

    cluster.putLease(lease)
    await api.nextRequest('update leases')
    await log.append(topic, Buffer.from('and on'))
    await Promise.all(names.map((name) => cluster.explains(name, undefined)))
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: leader, leaseTransitions: 1 })
  })

  it('get a new Lease from an operator where it was deleted', async () => {
    await using cluster = await KubernetesCluster.start()
    const leader = await cluster.leader()
    const followers = cluster.names.filter((name) => name !== leader)
    await Promise.all(followers.map(cluster.follows))
    await using log = cluster.connect()
    await log.append(topic, Buffer.from('before'))
    cluster.putLease(undefined)
    await cluster.explains(leader, 'record of the cluster is gone')
    await using operator = connect(cluster.server(leader).address)
    await operator.cluster.recover()
    await log.append(topic, Buffer.from('after'))
    await Promise.all(followers.map(cluster.follows))
    // Epochs that were given before, and that nobody here knows of, are left out.
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: leader, leaseTransitions: 1001 })
    const events = await log.read(topic).toArray()
    expect(events.map((event) => event.text())).toEqual(['before', 'after'])
  })

  it('refuse a Lease of an earlier epoch, as from a backup, until an operator decides', async () => {
    await using cluster = await KubernetesCluster.start()
    const first = await cluster.leader()
    await Promise.all(cluster.names.filter((name) => name !== first).map(cluster.follows))
    await using log = cluster.connect()
    await log.append(topic, Buffer.from('before'))
    const old = cluster.lease
    await using asked = connect(cluster.server(first).address)
    await asked.cluster.handOver(1)
    const second = await cluster.leader(first)
    await cluster.follows(first)
    await log.append(topic, Buffer.from('meanwhile'))
    cluster.putLease(old)
    const why = 'the record is of epoch 1, but 2 was seen already'
    await Promise.all(cluster.names.map((name) => cluster.explains(name, why)))
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: first, leaseTransitions: 1 })

    await using operator = connect(cluster.server(second).address)
    await operator.cluster.recover()
    await log.append(topic, Buffer.from('after'))
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: second, leaseTransitions: 1002 })
    const events = await log.read(topic).toArray()
    expect(events.map((event) => event.text())).toEqual(['before', 'meanwhile', 'after'])
  })

  it('leave the Lease to another elector that has taken it, until that lets it run out', async () => {
    await using cluster = await KubernetesCluster.start()
    const leader = await cluster.leader()
    await using log = cluster.connect()
    await log.append(topic, Buffer.from('before'))
    // As client-go takes over what has run out: it writes the fields and keeps the annotations.
    const now = new Date().toISOString().replace('Z', '000Z')
    const spec = {
      holderIdentity: 'somebody_else',
      leaseDurationSeconds: 3_600,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 2,
    }
    cluster.putLease({ ...cluster.lease, spec })
    await cluster.explains(leader, 'held by "somebody_else"')
    expect(cluster.lease.spec).toMatchObject({ holderIdentity: 'somebody_else' })

    // As it lets go when it ends: not by a word, but by how long it is still to be waited for.
    cluster.putLease({ ...cluster.lease, spec: { ...spec, leaseDurationSeconds: 1 } })
    await log.append(topic, Buffer.from('after'))
    expect(cluster.names).toContain(cluster.lease.spec.holderIdentity)
    expect(cluster.lease.spec.leaseTransitions).toBe(3)
    const events = await log.read(topic).toArray()
    expect(events.map((event) => event.text())).toEqual(['before', 'after'])
  })
})
