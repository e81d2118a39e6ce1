import type { Durability } from '../durability'

/** A store as the batch scenarios use it. */
export interface BatchStore {
  /** Resolves when the batch is as safe as the durability asks. */
  append(payloads: readonly Buffer[]): Promise<unknown> | void
  /** Writes what `append` has held back, where a store gathers several batches. */
  flush?(): Promise<unknown>
  /** The number of events in the store. */
  count(): Promise<number>
  close(): Promise<unknown>
}

/** A store as the scenarios of single appends use it. */
export interface SingleStore {
  append(payload: Buffer): Promise<unknown>
  count(): Promise<number>
  close(): Promise<unknown>
}

export type OpenStore<Store> = (directory: string, durability: Durability) => Promise<Store>
