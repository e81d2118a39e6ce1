/** Virtual time: what is to happen, in order of its time, and of its planning where that is equal. */

interface Planned {
  readonly atMs: number
  readonly order: number
  readonly action: () => void
}

export class Timeline {
  nowMs = 0
  #order = 0
  // A binary heap: no parent happens after its children.
  #heap: Planned[] = []

  after(delayMs: number, action: () => void): void {
    this.at(this.nowMs + delayMs, action)
  }

  at(atMs: number, action: () => void): void {
    this.#order += 1
    const planned = { atMs, order: this.#order, action }
    const heap = this.#heap
    let index = heap.push(planned) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(planned, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = planned
  }

  /** Lets the next thing happen; false when nothing is planned. */
  next(): boolean {
    const planned = this.#pop()
    if (planned === undefined) return false
    this.nowMs = planned.atMs
    planned.action()
    return true
  }

  #pop(): Planned | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(first: Planned, second: Planned): boolean {
  return first.atMs < second.atMs || (first.atMs === second.atMs && first.order < second.order)
}
