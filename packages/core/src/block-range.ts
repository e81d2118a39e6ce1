import type { Block } from './block.js'
import type { LogEvent } from './log-event.js'

/** A part of a block's events: from index `from` up to and without index `to`. */
export class BlockRange {
  readonly block: Block
  readonly from: number
  readonly to: number

  constructor(block: Block, from: number, to: number) {
    this.block = block
    this.from = from
    this.to = to
  }

  /** The events of a block with ids from `firstId` up to and including `lastId`; may be none. */
  static between(block: Block, firstId: bigint, lastId: bigint): BlockRange {
    const { count } = block
    const from = firstId <= block.firstId ? 0 : Math.min(Number(firstId - block.firstId), count)
    const to = lastId >= block.lastId ? count : Math.max(Number(lastId - block.firstId) + 1, from)
    return new BlockRange(block, from, Math.max(to, from))
  }

  get count(): number {
    return this.to - this.from
  }

  /** The first `count` of these events. */
  first(count: number): BlockRange {
    return new BlockRange(this.block, this.from, Math.min(this.to, this.from + count))
  }

  /** The last `count` of these events. */
  last(count: number): BlockRange {
    return new BlockRange(this.block, Math.max(this.from, this.to - count), this.to)
  }

  events(): LogEvent[] {
    return this.block.slice(this.from, this.to)
  }
}
