// What members do for whoever asks them, whichever of them is asked.
import { connect } from '@goethe/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resultOf, startGoethe } from '../../packages/cli/tests-support/goethe-process.js'
import { LocalCluster, type Member, hasEtcd } from './local-cluster.js'

const lines = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

// Fail-over takes seconds, and where others use the machine as well, many.
const timeout = 120_000

describe.skipIf(!hasEtcd)('of three members', { timeout }, () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    cluster = await LocalCluster.start()
  }, timeout)

  afterAll(() => cluster[Symbol.asyncDispose](), timeout)

  test('each takes appends for whoever follows its hint, and all have them', async () => {
    const texts: string[] = []
    for (const { name, address } of cluster.members) {
      await using log = connect(address)
      await log.append('plays', Buffer.from(`by way of ${name}`))
      texts.push(`by way of ${name}`)
    }
    for (const { address } of cluster.members) {
      await using log = connect(address)
      const events = await log.read('plays', { follow: true, limit: 3 }).toArray()
      expect(events.map((event) => event.text())).toEqual(texts)
    }
    await cluster.contents()
  })

  test('those that are told to pass nothing on tell by HTTP where writes go', async () => {
    const [{ name }] = (await cluster.followers()) as [Member]
    await cluster.end(name, 'SIGTERM')
    const follower = await cluster.run(name, { forward: false })
    await cluster.allInSync()
    const leader = await cluster.leader()
    const path = 'v1/topics/letters/events'
    const refused = await fetch(`${follower.url}/${path}`, { method: 'POST', body: 'Werther' })
    expect(refused.status).toBe(421)
    const { code, details } = (await refused.json()) as {
      code: string
      details: { leader: string; leaderUrl: string }
    }
    expect(code).toBe('GOETHE_NOT_LEADER')
    expect(`goethe://${details.leader}`).toBe(leader.address)
    expect(details.leaderUrl).toBe(leader.url)
    const taken = await fetch(`${details.leaderUrl}/${path}`, { method: 'POST', body: 'Werther' })
    expect(taken.status).toBe(200)
    const consistency = 'linearizable' as const
    const asked = await fetch(`${follower.url}/${path}?consistency=${consistency}`)
    expect(asked.status).toBe(421)
    expect(await asked.json()).toMatchObject({
      code: 'GOETHE_NOT_LEADER',
      details: { leaderUrl: leader.url },
    })
    // Our client goes there.
    await using asking = connect(follower.address)
    expect(await asking.read('letters', { consistency }).toArray()).toHaveLength(1)
  })

  test('each tells how the cluster is, in numbers and in sentences', async () => {
    const leader = await cluster.leader()
    for (const name of cluster.names) {
      // What it knows of the others came by gossip.
      await expect
        .poll(async () => (await cluster.status(name)).summary, { timeout })
        .toEqual([
          expect.stringMatching(`^${leader.name} leads, since epoch \\d+ began\\.$`),
          'Writable: in sync 3 of 3, 2 needed.',
        ])
      const status = await cluster.status(name)
      expect(status).toMatchObject({ member: name, leader: leader.name, writable: true })
      expect(status.members.map(({ member }) => member)).toEqual(cluster.names)
      expect(status.members.every(({ inSync }) => inSync)).toBe(true)
    }
  })

  test('the command tells it as well, and lets another member lead', async () => {
    const { addresses } = cluster
    const leader = await cluster.leader()
    const goethe = (...args: string[]) =>
      resultOf(startGoethe(['cluster', ...args, '--server', addresses.join(',')]))
    const shown = await goethe('status', '--text')
    expect(shown.stdout).toContain(`${leader.name} leads, since epoch`)
    expect(shown.stdout).toMatch(/^MEMBER +ROLE +IN SYNC/m)
    const handedOver = await goethe('handover', '--json')
    expect(handedOver.stderr).toBe('')
    const [{ from, to }] = lines(handedOver.stdout) as [{ from: string; to: string }]
    expect(from).toBe(leader.name)
    expect(cluster.names).toContain(to)
    expect((await cluster.leader()).name).toBe(to)
    const recovered = await goethe('recover', '--yes')
    expect(recovered.stderr).toContain('there is nothing to recover')
    const removed = await goethe('remove', 'nobody', '--yes')
    expect(removed.stderr).toContain('There is no member nobody')
  })

  test('each shows Prometheus what it does', async () => {
    const leader = await cluster.leader()
    for (const { name, url } of cluster.members) {
      const metrics = async () => (await fetch(`${url}/metrics`)).text()
      // Behind a handover the next leader counts who is in sync, and others read it in the record.
      await expect.poll(metrics, { timeout }).toContain('goethe_cluster_in_sync_members 3\n')
      const text = await metrics()
      expect(text).toContain(`goethe_cluster_leader ${name === leader.name ? 1 : 0}\n`)
      expect(text).toMatch(/goethe_cluster_peer_sent_bytes_total\{member="goethe-\d"\} \d{3}/)
    }
  })
})
