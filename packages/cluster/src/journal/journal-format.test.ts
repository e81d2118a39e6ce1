/** docs/journal.md shows the bytes of a small journal; they are what is written. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { blocksOf } from '../../../../examples/snippets/byte-blocks.js'
import { openJournal } from '../../tests-support/journals.js'
import { MemoryDisk } from '../../tests-support/memory-disk.js'
import { encodeOperations } from '../operation-codec.js'
import { groupBytes, decodeGroupHeader } from './group.js'
import { metaName } from './journal-meta.js'
import { segmentHeaderBytes, segmentName } from './segment-header.js'

const page = readFileSync(new URL('../../../../docs/journal.md', import.meta.url), 'utf8')
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const operations = encodeOperations([
  { type: 'put', key: text('a'), value: text('Faust') },
  { type: 'del', key: text('b') },
])

/** What the page tells of: two entries, of which the second is dropped again. */
async function journalBytes(): Promise<Map<string, Uint8Array>> {
  const disk = new MemoryDisk()
  const journal = await openJournal(disk, { newSalt: () => 0x01020304 })
  await journal.append([
    { lsn: 1, epoch: 1, operations: new Uint8Array(0) },
    { lsn: 2, epoch: 1, operations },
  ])
  await journal.truncate(1)
  await journal.writeFacts({ clusterId: '10111213-1415-4617-9819-1a1b1c1d1e1f', seenEpoch: 2 })
  const segment = disk.bytes(segmentName(1))
  const named = new Map([['segment header', segment.subarray(0, segmentHeaderBytes)]])
  let at = segmentHeaderBytes
  for (const name of ['entries group', 'restart group']) {
    const end = at + groupBytes(decodeGroupHeader(segment, at, 0x01020304)!)
    named.set(name, segment.subarray(at, end))
    at = end
  }
  return named.set('operations', operations).set('meta', disk.bytes(metaName))
}

it('writes the bytes that docs/journal.md shows', async () => {
  const written = await journalBytes()
  const shown = new Map(blocksOf(page))
  const hex = [...written].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')])
  const { meta, ...rest } = Object.fromEntries(hex) as Record<string, string>
  expect(Object.fromEntries(shown)).toEqual(rest)
  expect(page).toContain(Buffer.from(meta!, 'hex').toString())
})
