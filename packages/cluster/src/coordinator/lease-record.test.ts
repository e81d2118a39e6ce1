import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Lease, leaseOf, recordOfLease } from './lease-record.js'

const page = readFileSync(new URL('../../../../docs/cluster.md', import.meta.url), 'utf8')

describe('docs/cluster.md', () => {
  it('shows a Lease as members read and write it', () => {
    const [, shown = ''] = /```yaml\n(.*?)```/s.exec(page) ?? []
    const lease = parse(shown) as Lease
    const { record, heldBy } = recordOfLease(lease, 'the page')
    expect(heldBy).toBeUndefined()
    expect(record).toMatchObject({ epoch: 7, leader: { member: 'goethe-2' }, minInSync: 2 })
    expect(leaseOf(record, lease)).toEqual(lease)
  })
})
