// No coordinator: all members are told who leads, and an operator tells them otherwise.
import { connect } from '@goethe/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resultOf, startGoethe } from '../../packages/cli/tests-support/goethe-process.js'
import { LocalCluster } from './local-cluster.js'

const timeout = 120_000

describe('of three members one of which is named as leader', { timeout }, () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    cluster = await LocalCluster.start({ namedLeader: 'goethe-0' })
  }, timeout)

  afterAll(() => cluster[Symbol.asyncDispose](), timeout)

  const texts = async (name: string): Promise<string[]> => {
    await using log = connect(cluster.get(name).address)
    return (await log.read('plays').toArray()).map((event) => event.text())
  }
  const append = async (text: string): Promise<void> => {
    await using log = connect([...cluster.addresses])
    await log.append('plays', Buffer.from(text))
  }
  const operate = (member: string, ...args: string[]) =>
    resultOf(startGoethe(['cluster', ...args, '--server', cluster.get(member).address]))

  test('that one leads, and nobody else is let', async () => {
    expect((await cluster.leader()).name).toBe('goethe-0')
    await append('Faust')
    for (const name of cluster.names) {
      await expect.poll(() => texts(name), { timeout }).toEqual(['Faust'])
    }
    expect((await operate('goethe-0', 'handover')).stderr).toContain(
      'goethe-0 leads because cluster.leader says so',
    )
    expect((await operate('goethe-1', 'recover', '--yes')).stderr).toContain(
      'cluster.leader names goethe-0 here',
    )
  })

  test('reads go on without it, and writes say whom they wait for', async () => {
    await cluster.end('goethe-0', 'SIGKILL')
    const expected =
      /^Not writable: goethe-0 was not heard of just now, and as cluster.leader names it, nobody/
    for (const name of ['goethe-1', 'goethe-2']) {
      await expect
        .poll(async () => (await cluster.status(name)).summary[1], { timeout })
        .toMatch(expected)
      expect(await texts(name)).toEqual(['Faust'])
    }
    await using log = connect(cluster.get('goethe-1').address, { deadlineMs: 3_000 })
    await expect(log.append('plays', Buffer.from('Egmont'))).rejects.toMatchObject({
      name: 'GoetheError',
    })
    expect((await cluster.status('goethe-1')).role).not.toBe('leader')
    expect((await cluster.status('goethe-2')).role).not.toBe('leader')
  })

  test('when it is back writes go on, and nothing is lost', async () => {
    await cluster.run('goethe-0')
    await cluster.allInSync()
    await append('Iphigenie')
    for (const name of cluster.names) {
      await expect.poll(() => texts(name), { timeout }).toEqual(['Faust', 'Iphigenie'])
    }
    await cluster.contents()
  })

  test('it leads again when it was told to stop', async () => {
    await cluster.end('goethe-0', 'SIGTERM')
    await cluster.run('goethe-0')
    await cluster.allInSync()
    expect((await cluster.leader()).name).toBe('goethe-0')
    await append('Tasso')
  })

  test('an operator moves the lead, with everything that was acknowledged', async () => {
    const { epoch } = await cluster.status('goethe-0')
    await cluster.end('goethe-0', 'SIGKILL')
    cluster.namedLeader = 'goethe-1'
    for (const name of ['goethe-1', 'goethe-2']) {
      await cluster.end(name, 'SIGTERM')
      await cluster.run(name)
    }
    expect((await operate('goethe-1', 'recover', '--yes')).code).toBe(0)
    expect((await cluster.leader()).name).toBe('goethe-1')
    await append('Stella')
    const after = await cluster.status('goethe-1')
    expect(after.epoch).toBeGreaterThan(epoch)
    expect(after.summary.join(' ')).toContain('An operator let goethe-1 lead')
    expect(await texts('goethe-1')).toEqual(['Faust', 'Iphigenie', 'Tasso', 'Stella'])
  })

  test('the former one, which was not told, does not lead, and follows once it was', async () => {
    const expected = ['Faust', 'Iphigenie', 'Tasso', 'Stella']
    await cluster.run('goethe-0', { namedLeader: 'goethe-0' })
    // Only what stays true: whether writes are let is said of the cluster, which goethe-1 leads.
    await expect
      .poll(async () => (await cluster.status('goethe-0')).summary.join(' '), { timeout })
      .toMatch(
        /^goethe-1 leads.* goethe-0 is unhealthy: the record is of epoch \d+, but \d+ was seen already/,
      )
    expect((await cluster.status('goethe-0')).role).toBe('follower')
    expect((await cluster.leader()).name).toBe('goethe-1')
    await append('Clavigo')
    await cluster.end('goethe-0', 'SIGKILL')
    await cluster.run('goethe-0')
    await cluster.allInSync()
    for (const name of cluster.names) {
      await expect.poll(() => texts(name), { timeout }).toEqual([...expected, 'Clavigo'])
    }
    await cluster.contents()
  })
})
