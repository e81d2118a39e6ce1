import { connect } from '@goethe/client'
import { expect, test } from 'vitest'
import { LocalCluster, hasEtcd } from './local-cluster.js'

test.skipIf(!hasEtcd)('what is appended by way of any member is read from all', async () => {
  await using cluster = await LocalCluster.start()
  const texts: string[] = []
  for (const { name, address } of cluster.members) {
    const log = connect(address)
    await log.append('plays', Buffer.from(`by way of ${name}`))
    texts.push(`by way of ${name}`)
    await log.close()
  }
  for (const { address } of cluster.members) {
    const log = connect(address)
    const events = await log.read('plays', { follow: true, limit: 3 }).toArray()
    expect(events.map((event) => event.text())).toEqual(texts)
    await log.close()
  }
})
