/** What the model of an event log replicates: one append of one event, or one commit of a cursor. */
export type Payload = AppendPayload | CursorPayload

export interface AppendPayload {
  readonly type: 'append'
  /** Unique for each try, so that a refused try can be told from its repetition. */
  readonly attempt: number
  readonly producer: number
  readonly producerSequence: number
  readonly id: number
  readonly topic: number
  readonly topicSequence: number
}

export interface CursorPayload {
  readonly type: 'cursor'
  readonly attempt: number
  readonly consumer: number
  readonly topic: number
  /** The topic's last event that was handled, by its sequence. */
  readonly topicSequence: number
}

/** What a client asks for. */
export type WriteRequest = Omit<AppendPayload, 'id' | 'topicSequence'> | CursorPayload
