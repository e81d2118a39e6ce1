import { prepareServers } from '../server/suite'
import type { Suite } from '../src/suite'
import { scenarios } from './scenarios/all'

/** Three members on this machine, against others that keep everything three times too. */
export const clusterSuite: Suite = {
  name: 'cluster',
  description: 'Measures three members of a cluster against NATS JetStream R3 and Redis replicas.',
  scenarios,
  prepare: (report) => prepareServers(report, ['etcd-server']),
  results: { json: 'cluster.json', chart: 'cluster.svg' },
}
