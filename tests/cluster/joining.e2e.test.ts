// Members that come back with nothing, or that do not belong here.
import { connect } from '@goethe/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LocalCluster, hasEtcd } from './local-cluster.js'
import { Workload } from './workload.js'

const timeout = 120_000

describe.skipIf(!hasEtcd)('a member', { timeout }, () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    cluster = await LocalCluster.start()
  }, timeout)

  beforeEach(() => cluster.allInSync(), timeout)

  afterAll(() => cluster[Symbol.asyncDispose](), timeout)

  test('that has lost its disk gets everything from the leader', async () => {
    await using work = new Workload(cluster, 'steady')
    await work.appends.acknowledged.reaches(1000)
    // A member that stops puts all it has on the disk, and then needs its journal no longer.
    for (const name of cluster.names) {
      await cluster.end(name, 'SIGTERM')
      await cluster.run(name)
      await cluster.allInSync()
    }
    const [follower] = await cluster.followers()
    const { name } = follower!
    await cluster.end(name, 'SIGTERM')
    await cluster.emptyDisk(name)
    const { server } = await cluster.run(name)
    await server.line('The log was replaced by that of the leader')
    await cluster.allInSync()
    const { acknowledged, tails } = await work.finish()
    expect(tails).toEqual([acknowledged, acknowledged, acknowledged])
    await cluster.contents()
  })

  test('with another secret is kept out, and everybody is told', async () => {
    const [follower, other] = await cluster.followers()
    const { name } = follower!
    await cluster.end(name, 'SIGTERM')
    const stranger = await cluster.run(name, { secret: 'a secret of somebody else' })
    for (const { server } of [stranger, other!])
      await server.line(({ problem }) => /secret/.test(String(problem)))
    await cluster.end(name, 'SIGTERM')
    const { server } = await cluster.run(name)
    await cluster.allInSync()
    expect(server.stderr).toBe('')
  })

  test('of another cluster is kept out, and is told', async () => {
    const [follower] = await cluster.followers()
    const { name } = follower!
    await cluster.end(name, 'SIGTERM')
    await cluster.emptyDisk(name)
    // A cluster of its own, by another record and without the others. If it heard them before it has
    // begun that, it would wait to join them.
    await cluster.run(name, { alone: true, secret: 'a secret of its own' })
    await expect.poll(async () => (await cluster.status(name)).role, { timeout }).toBe('leader')
    await cluster.end(name, 'SIGTERM')
    const stranger = await cluster.run(name)
    await stranger.server.line(({ problem }) => /cluster/.test(String(problem)))
    await expect
      .poll(async () => (await cluster.status(name)).summary[1], { timeout })
      .toMatch(/^Not writable: the record is that of cluster .*, this store belongs to .*\.$/)
    // The others go on without it.
    await using log = connect([...cluster.addresses])
    await log.append('plays', Buffer.from('Faust'))
  })
})
