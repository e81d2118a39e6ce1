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

/** Where a topic ends. */
export interface TopicHead {
  /** Whether it has a record. */
  exists: boolean
  lastId: bigint
  lastSequence: number
  /** Payload bytes of all events ever appended. */
  bytes: number
}

/** What a commit that is being planned makes of a topic. */
export class TopicDraft {
  readonly state: TopicState
  /** Whether the topic has a record without this commit. */
  readonly exists: boolean
  readonly bytesBefore: number
  /** Accepted in this run and not placed yet. */
  readonly run: Placed[] = []
  /** Sequence of the last event once all accepted parts are placed. */
  plannedSequence: number
  lastId: bigint
  lastSequence: number
  bytes: number
  block: OpenBlock | undefined

  /** It begins where the commits under way will have left the topic, else where the topic ends. */
  constructor(state: TopicState, underWay: TopicHead | undefined) {
    this.state = state
    this.exists = underWay?.exists ?? state.record !== undefined
    const { lastId, lastSequence, bytes } = underWay ?? state
    this.plannedSequence = lastSequence
    this.lastId = lastId
    this.lastSequence = lastSequence
    this.bytes = bytes
    this.bytesBefore = bytes
  }

  /** Once all of it is written. */
  get head(): TopicHead {
    const { lastId, lastSequence, bytes } = this
    return { exists: true, lastId, lastSequence, bytes }
  }
}
