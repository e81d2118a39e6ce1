/**
 * Moving a cursor to a position. Where the position is has to be read, and by the time that the
 * cursor is written the topic may be another one of the same name: then it is looked up again.
 */
import type { EventReference } from './cursor-api.js'
import type { CursorRecord } from './cursor-record.js'
import type { CursorStore } from './cursor-store.js'
import type { CheckedPosition } from './position.js'
import type { TopicStates } from './topic-state.js'

export interface PlacementContext {
  states: TopicStates
  cursors: CursorStore
  /** The event at or after a position as what comes before it: everything up to it is handled. */
  placeBefore(topic: string, position: CheckedPosition): Promise<EventReference>
}

/** What a cursor becomes at its new place. */
export type Placement = (before: CursorRecord, place: EventReference) => CursorRecord

/** Says that the topic was deleted since the position was looked up. */
const topicChanged = new Error('The topic was deleted meanwhile')

/** Writes a cursor at the nearest event at or after a position. */
export async function placeCursor(
  { states, cursors, placeBefore }: PlacementContext,
  topic: string,
  consumer: string,
  position: CheckedPosition,
  placement: Placement,
): Promise<CursorRecord> {
  for (;;) {
    const state = await states.load(topic)
    const born = state.record?.createdId
    const { id, sequence } = await placeBefore(topic, position)
    const change = (before: CursorRecord): CursorRecord => {
      if (state.record?.createdId !== born) throw topicChanged
      return placement(before, { id, sequence })
    }
    try {
      return await cursors.change(topic, consumer, change)
    } catch (error) {
      if (error !== topicChanged) throw error
    }
  }
}
