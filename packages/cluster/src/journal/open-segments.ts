import { GoetheError } from '@goethe/core'
import { origin } from '../replica/position.js'
import type { Disk } from './disk.js'
import { type Group, groupBytes } from './group.js'
import type { JournalMeta } from './journal-meta.js'
import { LiveEntries } from './live-entries.js'
import { type SegmentHeader, segmentName, segmentNumber } from './segment-header.js'
import { type Segment, corruptSegment, openSegment } from './segment.js'

/** Opens all segments of a directory in order, and finds which of their entries count. */
export async function openSegments(
  disk: Disk,
  { first, durable }: Pick<JournalMeta, 'first' | 'durable'>,
): Promise<{ segments: Segment[]; live: LiveEntries }> {
  const found = (await disk.list())
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((one, other) => one - other)
  // A crash came while they were trimmed.
  for (const number of found.filter((each) => each < first)) {
    await disk.remove(segmentName(number))
  }
  const numbers = found.filter((number) => number >= first)
  assertComplete(numbers, first, durable.segment)
  const segments: Segment[] = []
  let live = new LiveEntries(origin)
  try {
    for (const number of numbers) {
      const segment = await openSegment(disk, number, {
        last: number === numbers.at(-1),
        durableBytes: durableBytes(number, durable),
        onHeader(header) {
          if (segments.length === 0) live = new LiveEntries(header.previous)
          else assertFollows(header, live)
        },
        onGroup(group, offset) {
          takeUp(live, number, group, offset)
        },
      })
      if (segment !== undefined) segments.push(segment)
      else {
        await disk.remove(segmentName(number))
        await disk.syncDirectory()
      }
    }
  } catch (error) {
    await Promise.allSettled(segments.map(({ file }) => file.close()))
    throw error
  }
  return { segments, live }
}

/** Segments are removed from the first on, and made one after the other. */
function assertComplete(numbers: readonly number[], first: number, durableSegment: number): void {
  const last = Math.max(numbers.at(-1) ?? 0, durableSegment)
  for (let number = first; number <= last; number++) {
    if (numbers[number - first] === number) continue
    throw new GoetheError(
      'GOETHE_CORRUPT',
      `The journal is damaged: its file ${segmentName(number)} is missing`,
    )
  }
}

function durableBytes(number: number, { segment, offset }: JournalMeta['durable']): number {
  return number === segment ? offset : 0
}

function assertFollows({ number, previous }: SegmentHeader, { last }: LiveEntries): void {
  if (previous.lsn === last.lsn && previous.epoch === last.epoch) return
  throw corruptSegment(
    number,
    0,
    `it begins behind entry ${previous.lsn} of epoch ${previous.epoch}, ` +
      `but the one before ends with ${last.lsn} of epoch ${last.epoch}`,
  )
}

function takeUp(live: LiveEntries, segment: number, group: Group, offset: number): void {
  const { kind, entries, firstLsn } = group
  if (kind === 'restart') {
    live.restart({ lsn: firstLsn - 1, epoch: entries[0]!.epoch })
    return
  }
  const { lsn, epoch } = live.last
  if (firstLsn !== lsn + 1 || entries[0]!.epoch < epoch) {
    throw corruptSegment(
      segment,
      offset,
      `entry ${firstLsn} of epoch ${entries[0]!.epoch} follows ${lsn} of epoch ${epoch}`,
    )
  }
  live.add(segment, offset, offset + groupBytes(group), entries)
}
