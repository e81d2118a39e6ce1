/** What operators want of members on real disks and sockets. */
import { describe, expect, it } from 'vitest'
import { ClusteredStores } from '../../tests-support/clustered-stores.js'

describe('an operator', () => {
  it('takes a member out, lets it in again, and changes how many are needed', async () => {
    await using cluster = await ClusteredStores.start()
    const { leader } = cluster
    const { cluster: operations } = cluster.stores.get(leader)!
    const name = [...cluster.stores.keys()].find((one) => one !== leader)!
    await operations.removeMember(name)
    expect(operations.status().inSync).not.toContain(name)
    expect(operations.status().summary).toContain(`An operator took out ${name}.`)
    const removed = () => cluster.stores.get(name)!.state
    await expect.poll(removed).toMatchObject({
      type: 'catching-up',
      reason: expect.stringContaining('an operator removed this store'),
    })
    // Two are left, so three cannot be needed.
    await expect(operations.setMinInSync(3)).rejects.toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: 'Nothing could be written: in sync 2 of 3 needed',
    })
    await operations.addMember(name)
    await cluster.settled()
    expect(operations.status().summary).not.toContain(`An operator took out ${name}.`)
    await operations.setMinInSync(3)
    expect(operations.status()).toMatchObject({ minInSync: 3, writable: true })
    // The members were all started for a cluster that needs two.
    expect(operations.status().summary.at(-1)).toContain('goethe cluster min-in-sync 2')
    await operations.setMinInSync(1)
    expect(operations.status()).toMatchObject({ minInSync: 1, inSync: { length: 3 } })
  }, 60_000)
})
