/** What the model of an event log replicates: one append of one event. */
export interface Payload {
  /** Unique for each try of an append, so that a refused try can be told from its repetition. */
  readonly attempt: number
  readonly producer: number
  readonly producerSequence: number
  readonly id: number
  readonly topic: number
  readonly topicSequence: number
}
