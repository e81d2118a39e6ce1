import { dateOf } from './clock.js'

declare class TextDecoder {
  decode(bytes: Uint8Array): string
}

const decoder = new TextDecoder()

/**
 * An immutable fact of a topic. `payload` is a view into bytes that other readers may share: do
 * not change it, and copy it (`slice()`) if you keep a small part of much that you read.
 */
export class LogEvent {
  /** The time of receipt in UNIX nanoseconds, unique and ascending in the whole log. */
  readonly id: bigint
  /** 1, 2, 3 … without gaps in the topic. */
  readonly sequence: number
  readonly topic: string
  readonly payload: Uint8Array

  constructor(id: bigint, sequence: number, topic: string, payload: Uint8Array) {
    this.id = id
    this.sequence = sequence
    this.topic = topic
    this.payload = payload
  }

  /** The id as a Date, rounded down to the millisecond. */
  get time(): Date {
    return dateOf(this.id)
  }

  /** The payload as UTF-8 text. */
  text(): string {
    return decoder.decode(this.payload)
  }

  /** The payload as JSON; throws SyntaxError where it is none. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }
}
