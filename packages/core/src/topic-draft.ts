import type { AppendPart } from './append-part.js'
import type { TopicState } from './topic-state.js'

/** A part that was accepted, with the place it got now or, when repeated, the first time. */
export interface Placed {
  part: AppendPart
  firstId: bigint
  firstSequence: number
  count: number
  repeated: boolean
}

/** A block that still takes events. */
export interface OpenBlock {
  draft: TopicDraft
  firstId: bigint
  firstSequence: number
  payloads: Uint8Array[]
  sizeBytes: number
  /** Events that still fit before the interval of the index ends. */
  room: number
}

/** What a commit that is being planned makes of a topic. */
export class TopicDraft {
  readonly state: TopicState
  /** Accepted in this run and not placed yet. */
  readonly run: Placed[] = []
  /** Sequence of the last event once all accepted parts are placed. */
  plannedSequence: number
  lastId: bigint
  lastSequence: number
  bytes: number
  block: OpenBlock | undefined

  constructor(state: TopicState) {
    this.state = state
    this.plannedSequence = state.lastSequence
    this.lastId = state.lastId
    this.lastSequence = state.lastSequence
    this.bytes = state.bytes
  }
}
