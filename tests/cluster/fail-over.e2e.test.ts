// The leader goes, in each way in which it can, while everything is under way.
import { expect, test } from 'vitest'
import { LocalCluster, hasEtcd } from './local-cluster.js'
import { Workload } from './workload.js'

test.skipIf(!hasEtcd)(
  'a leader that is killed takes nothing along that was acknowledged',
  async () => {
    await using cluster = await LocalCluster.start()
    await using work = new Workload(cluster)
    await work.nextAcknowledged()
    for (let round = 0; round < 3; round++) {
      const { name } = await cluster.leader()
      await cluster.end(name, 'SIGKILL')
      console.log(`fail-over: ${Math.round(await work.nextAcknowledged())} ms`)
      await cluster.run(name)
      await cluster.allInSync()
    }
    const texts = await work.finish()
    for (const tail of work.tails) expect(tail.texts).toEqual(texts)
  },
)
