import { nameOf } from '../../server/contestant'
import { goethe } from '../../server/contestants/goethe'
import type { ServerKind } from '../../server/event-server'
import type { RatioGoal } from '../../src/scenario'
import { goetheCluster } from './goethe-cluster'
import { natsCluster } from './nats-cluster'
import { redisReplicas } from './redis-replicas'

/** Who appends; all wait for three disks, but for the single server, which has one. */
export const kinds: readonly ServerKind[] = [goetheCluster, natsCluster, redisReplicas, goethe]

export const goals: RatioGoal[] = [
  { ours: nameOf(goetheCluster, 'fsync'), theirs: nameOf(natsCluster, 'fsync'), atLeast: 5 },
  { ours: nameOf(goetheCluster, 'fsync'), theirs: nameOf(redisReplicas, 'fsync'), atLeast: 1.5 },
  { ours: nameOf(goetheCluster, 'fsync'), theirs: nameOf(goethe, 'fsync'), atLeast: 0.4 },
]
