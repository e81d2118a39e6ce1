import { fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type ClusterMember,
  type ClusterStatus,
  clusterFromMessage,
  clusterToMessage,
} from './cluster-status.js'
import { DescribeClusterResponseSchema } from './gen/goethe/v1/cluster_pb.js'

const name = fc.string({ unit: 'grapheme', minLength: 1 })
const perhaps = fc.option(name, { nil: undefined })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })

const member: fc.Arbitrary<ClusterMember> = fc.record({
  member: name,
  role: perhaps,
  health: name,
  reason: perhaps,
  inSync: fc.boolean(),
  epoch: count,
  lastLsn: count,
  lastEpoch: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
  commitLsn: count,
  behind: count,
  silentMs: count,
  suspected: fc.boolean(),
  address: fc.string(),
  url: perhaps,
})

const cluster: fc.Arbitrary<ClusterStatus> = fc.record({
  member: name,
  clusterId: perhaps,
  role: name,
  epoch: count,
  leader: perhaps,
  namedLeader: perhaps,
  writable: fc.boolean(),
  minInSync: fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
  inSync: fc.array(name),
  furthest: fc.array(name),
  summary: fc.array(fc.string()),
  members: fc.array(member, { maxLength: 5 }),
})

it('what is known of a cluster arrives as it was sent', () => {
  fc.assert(
    fc.property(cluster, (given) => {
      const bytes = toBinary(DescribeClusterResponseSchema, clusterToMessage(given))
      expect(clusterFromMessage(fromBinary(DescribeClusterResponseSchema, bytes))).toEqual(given)
    }),
  )
})
