/** What the program of crash tests notes, and what its events say. */

/** A line of the file. */
export type Note =
  /** About to append: whether it happened is known only from a receipt. */
  | { type: 'producer'; id: string; sequence: number }
  | {
      type: 'receipt'
      id: string
      topic: string
      firstId: string
      firstSequence: number
      count: number
    }
  | { type: 'projected'; sequence: number }
  | { type: 'acknowledged'; sequence: number }

export const projectedTopic = 'shared.a'
export const consumedTopic = 'writer.0'

/** What an event says: which append it belongs to, and where in it. */
export interface CrashPayload {
  id: string
  index: number
  of: number
  /** The topics that got a part of the same appendAll. */
  topics: string[]
}
