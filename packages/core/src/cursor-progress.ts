/** How far a cursor has come in its topic, by its record. */
import type { CursorRecord } from './cursor-record.js'
import type { TopicState } from './topic-state.js'

/** Events of a topic that a cursor has not handled. */
export function lagOf(record: CursorRecord | undefined, state: TopicState): number {
  const { trimmed, lastSequence } = state
  const committed = Math.max(record?.sequence ?? 0, trimmed.sequence)
  const ahead = (record?.acknowledged ?? []).reduce((sum, { from, to }) => {
    return sum + Math.max(to - Math.max(from, committed + 1) + 1, 0)
  }, 0)
  return Math.max(lastSequence - committed - ahead, 0)
}

/** A record at a later position, and beyond what was acknowledged right behind that. */
export function withPosition(record: CursorRecord, id: bigint, sequence: number): CursorRecord {
  const position = { id, sequence }
  const acknowledged = record.acknowledged.filter(({ from, to, toId }) => {
    if (from > position.sequence + 1) return true
    if (to > position.sequence) Object.assign(position, { id: toId, sequence: to })
    return false
  })
  const attempts = [...record.attempts].filter(([delivered]) => delivered > position.sequence)
  return { ...record, ...position, acknowledged, attempts: new Map(attempts) }
}
