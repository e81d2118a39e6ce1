import { RecordReader, RecordWriter } from './record.js'
import type { SequenceRange } from './sequence-ranges.js'

/** What is stored of a consumer's cursor. */
export interface CursorRecord {
  /** All events up to this one are handled. */
  id: bigint
  sequence: number
  /** When the position was committed last, UNIX nanoseconds; 0 before the first time. */
  updatedAt: bigint
  /** Fencing token: grows each time that somebody takes the cursor over. */
  session: number
  /** Retention and trim stop at this cursor. */
  hold: boolean
  /** Acknowledged beyond `sequence`. */
  acknowledged: readonly SequenceRange[]
  /**
   * Deliveries so far of events that are not acknowledged. Those up to `deliveredTo` that are not
   * here were delivered once, those behind it never.
   */
  attempts: ReadonlyMap<number, number>
  deliveredTo: number
}

export const newCursorRecord: CursorRecord = {
  id: 0n,
  sequence: 0,
  updatedAt: 0n,
  session: 0,
  hold: false,
  acknowledged: [],
  attempts: new Map(),
  deliveredTo: 0,
}

/** The value of a `cursors` entry. */
export function encodeCursorRecord(record: CursorRecord): Uint8Array {
  const writer = new RecordWriter()
    .id(record.id)
    .number(record.sequence)
    .id(record.updatedAt)
    .number(record.session)
    .number(record.hold ? 1 : 0)
    .number(record.acknowledged.length)
  for (const { from, to, toId } of record.acknowledged) writer.number(from).number(to).id(toId)
  writer.number(record.attempts.size)
  for (const [sequence, attempts] of record.attempts) writer.number(sequence).number(attempts)
  writer.number(record.deliveredTo)
  return writer.seal()
}

/**
 * Throws RecordError where the bytes are not what was written. Records used to end before
 * `deliveredTo`: all that was delivered had its count in `attempts` then.
 */
export function decodeCursorRecord(bytes: Uint8Array): CursorRecord {
  const reader = new RecordReader(bytes)
  return {
    id: reader.id(),
    sequence: reader.number(),
    updatedAt: reader.id(),
    session: reader.number(),
    hold: reader.number() === 1,
    acknowledged: Array.from({ length: reader.number() }, () => ({
      from: reader.number(),
      to: reader.number(),
      toId: reader.id(),
    })),
    attempts: new Map(
      Array.from({ length: reader.number() }, () => [reader.number(), reader.number()] as const),
    ),
    deliveredTo: reader.ended ? 0 : reader.number(),
  }
}
