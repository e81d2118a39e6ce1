/**
 * A map from numbers that ascend to what is under way. A `Map` of entries that come and go soon
 * makes a new table again and again, and each old one keeps all that it held from being collected
 * until the whole heap is: half of the time of a fast consumer. This one empties what it drops.
 */
interface Segment<Value> {
  readonly values: (Value | undefined)[]
  used: number
}

/** Numbers that are kept together: one that stays long keeps no more places than that. */
const segmentSize = 64

export class NumberMap<Value extends object> {
  readonly #segments = new Map<number, Segment<Value>>()
  #size = 0
  // The segment used last: mostly the next one, too.
  #lastIndex = -1
  #last: Segment<Value> | undefined

  get size(): number {
    return this.#size
  }

  get(number: number): Value | undefined {
    return this.#segment(Math.floor(number / segmentSize))?.values[number % segmentSize]
  }

  set(number: number, value: Value): void {
    const index = Math.floor(number / segmentSize)
    const segment = this.#segment(index) ?? this.#addSegment(index)
    const at = number % segmentSize
    if (segment.values[at] === undefined) {
      segment.used++
      this.#size++
    }
    segment.values[at] = value
  }

  /** False where there was none. */
  delete(number: number): boolean {
    const index = Math.floor(number / segmentSize)
    const segment = this.#segment(index)
    const at = number % segmentSize
    if (segment?.values[at] === undefined) return false
    segment.values[at] = undefined
    this.#size--
    if (--segment.used === 0) {
      this.#segments.delete(index)
      this.#lastIndex = -1
      this.#last = undefined
    }
    return true
  }

  clear(): void {
    for (const { values } of this.#segments.values()) values.fill(undefined)
    this.#segments.clear()
    this.#size = 0
    this.#lastIndex = -1
    this.#last = undefined
  }

  /** In the order of the numbers, where they were set in it. */
  *entries(): Generator<[number: number, value: Value], void, undefined> {
    for (const [index, { values }] of this.#segments) {
      for (const [at, value] of values.entries()) {
        if (value !== undefined) yield [index * segmentSize + at, value]
      }
    }
  }

  *values(): Generator<Value, void, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  #segment(index: number): Segment<Value> | undefined {
    if (index === this.#lastIndex) return this.#last
    const segment = this.#segments.get(index)
    if (segment === undefined) return undefined
    this.#lastIndex = index
    this.#last = segment
    return segment
  }

  #addSegment(index: number): Segment<Value> {
    const segment = { values: new Array<Value | undefined>(segmentSize).fill(undefined), used: 0 }
    this.#segments.set(index, segment)
    this.#lastIndex = index
    this.#last = segment
    return segment
  }
}
