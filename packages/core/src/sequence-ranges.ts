/** Sequences from `from` to `to`, both included; `toId` is the id of the event at `to`. */
export interface SequenceRange {
  from: number
  to: number
  toId: bigint
}

/**
 * A set of sequences as ranges in ascending order, none of which touches the next: what was
 * acknowledged ahead of a consumer's committed position.
 */
export class SequenceRanges {
  readonly #ranges: SequenceRange[]

  constructor(ranges: readonly SequenceRange[] = []) {
    this.#ranges = ranges.map((range) => ({ ...range }))
  }

  /** Sequences in the set. */
  get count(): number {
    return this.#ranges.reduce((count, { from, to }) => count + to - from + 1, 0)
  }

  toArray(): SequenceRange[] {
    return this.#ranges.map((range) => ({ ...range }))
  }

  has(sequence: number): boolean {
    const range = this.#ranges[this.#search(sequence)]
    return range !== undefined && range.from <= sequence
  }

  /** Adds sequences, whether or not the set holds some of them. */
  add({ from, to, toId }: SequenceRange): void {
    const first = this.#search(from - 1)
    const before = this.#ranges[first]
    if (before?.to === from - 1 && to + 1 < (this.#ranges[first + 1]?.from ?? Infinity)) {
      // The usual case: the next one in order.
      before.to = to
      before.toId = toId
      return
    }
    let behind = first
    const merged = { from, to, toId }
    for (; behind < this.#ranges.length && this.#ranges[behind]!.from <= to + 1; behind++) {
      const range = this.#ranges[behind]!
      merged.from = Math.min(merged.from, range.from)
      if (range.to <= merged.to) continue
      merged.to = range.to
      merged.toId = range.toId
    }
    this.#ranges.splice(first, behind - first, merged)
  }

  /** Takes out the range that begins at this sequence, if there is one. */
  takeFrom(sequence: number): SequenceRange | undefined {
    return this.#ranges[0]?.from === sequence ? this.#ranges.shift() : undefined
  }

  /** The index of the first range that ends at or after the sequence. */
  #search(sequence: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ranges[middle]!.to < sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}
