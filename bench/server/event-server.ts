import type { Durability } from '../src/durability'

/** Something that keeps events and is reached over loopback, with a client of it. */
export interface ServerKind {
  name: string
  /** Starts it on an empty directory, in a process of its own. */
  start(directory: string, durability: Durability): Promise<EventServer>
}

export interface EventServer {
  /** Where it listens; 0 for what is not reached over the network. */
  port: number
  processId: number
  connect(): Promise<EventClient>
  /** Clients should be closed before. */
  close(): Promise<unknown>
}

/** One connection, as the scenarios use it. All events are in one topic. */
export interface EventClient {
  /** Resolves when the event is as safe as the server's durability asks. */
  append(payload: Buffer): Promise<unknown>
  /** In one call where the client has one. Resolves when all are acknowledged. */
  appendBatch(payloads: readonly Buffer[]): Promise<unknown>
  /** Shows so many events, from the first one on. */
  read(count: number, see: See): Promise<void>
  /** Shows events from the first one on as they come. Rejects when the client is closed. */
  follow(see: See): Promise<never>
  /** Shows so many events and acknowledges each by itself; resolves when that was noted. */
  consume(count: number, see: See): Promise<void>
  /** The number of events that the server has. */
  count(): Promise<number>
  close(): Promise<unknown>
}

export type See = (payload: Uint8Array) => void

/** Events that are asked for at a time, and deliveries that may wait for acknowledgement. */
export const pageSize = 1000
