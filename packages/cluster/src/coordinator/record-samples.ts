/** Records for tests of what keeps them. */
import type { ClusterRecord } from '../record.js'
import { epochMax, inSyncMax, memberLengthMax } from './record-bounds.js'

/** A record that holds something in every field. */
export function sample(part: Partial<ClusterRecord> = {}): ClusterRecord {
  return {
    clusterId: '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0a001',
    epoch: 1,
    leader: {
      member: 'goethe-0',
      storeId: '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b000',
      incarnation: '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0c000',
      address: '10.1.2.3:1337',
    },
    inSync: [
      { member: 'goethe-0', storeId: '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b000' },
      { member: 'goethe-1', storeId: '6b0c2f0a-25a7-4e2a-8f2e-0c3a1df0b001' },
    ],
    minInSync: 2,
    renewTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    leaseDurationMs: 15_000,
    ...part,
  }
}

/** Records at the ends of their bounds. */
export function extremes(): ClusterRecord[] {
  const leader = sample().leader!
  const long = 'm'.repeat(memberLengthMax)
  return [
    sample({ leader: undefined }),
    sample({ removed: [{ member: 'goethe-2', storeId: '3' }] }),
    sample({ recovery: { member: 'goethe-2', storeId: '3', epoch: 1, lsn: 2 ** 53 - 1 } }),
    sample({ epoch: 0, minInSync: 1, renewTimeMs: 0, leaseDurationMs: 1 }),
    sample({ epoch: epochMax, renewTimeMs: 253_402_300_799_999, leaseDurationMs: 2 ** 31 - 1 }),
    sample({ leader: { ...leader, member: long, address: `[2001:db8::1]:65535` } }),
    sample({ leader: { ...leader, member: 'a"=,;\\{}\'<>&%', storeId: '~!@#' } }),
    sample({
      inSync: [
        { member: 'z', storeId: '2' },
        { member: 'a', storeId: '1' },
      ],
    }),
    sample({
      inSync: [
        { member: 'a', storeId: '1' },
        { member: 'a', storeId: '2' },
      ],
    }),
    sample({
      inSync: Array.from({ length: inSyncMax }, (_, index) => ({
        member: `${long.slice(3)}${index + 100}`,
        storeId: `${'s'.repeat(61)}${index + 100}`,
      })),
      minInSync: inSyncMax,
    }),
  ]
}

/** Records that are just beyond. */
export function outOfBounds(): ClusterRecord[] {
  const leader = sample().leader!
  return [
    sample({ clusterId: '' }),
    sample({ epoch: -1 }),
    sample({ epoch: epochMax + 1 }),
    sample({ epoch: 1.5 }),
    sample({ leader: { ...leader, member: 'with space' } }),
    sample({ leader: { ...leader, address: 'line\nfeed' } }),
    sample({ leader: { ...leader, incarnation: 'ü' } }),
    sample({ inSync: [] }),
    sample({
      inSync: [
        { member: 'a', storeId: '1' },
        { member: 'b', storeId: '1' },
      ],
    }),
    sample({ inSync: [{ member: 'm'.repeat(memberLengthMax + 1), storeId: '1' }] }),
    sample({ minInSync: 0 }),
    sample({ removed: [] }),
    sample({ removed: [{ member: 'goethe-2', storeId: 'two words' }] }),
    sample({ recovery: { member: 'goethe-2', storeId: '3', epoch: 1, lsn: -1 } }),
    sample({ renewTimeMs: Number.NaN }),
    sample({ leaseDurationMs: 0 }),
  ]
}
