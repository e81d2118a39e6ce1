import type { ServerKind } from '../../server/event-server'
import { logClient } from '../../server/log-client'
import { LocalCluster } from '../local-cluster'

/** Three times `goethe serve --cluster etcd`, with an etcd. */
export const goetheCluster: ServerKind = {
  name: 'Goethe, three members',
  async start(directory, durability) {
    if (durability !== 'fsync') throw new Error('A cluster waits for the disks of its members')
    const { connect } = await import('@goethe/client')
    const cluster = await LocalCluster.start(directory)
    const leader = await cluster.leader()
    return {
      port: leader.grpcPort,
      processId: leader.processId,
      connect() {
        const log = connect(cluster.addresses)
        return Promise.resolve(logClient(log, () => log.close()))
      },
      close: () => cluster.close(),
    }
  },
}
