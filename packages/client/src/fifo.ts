/** A queue whose ends cost the same however long it is. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  at(index: number): Item | undefined {
    return this.#items[this.#head + index]
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    // Each item is moved once in the mean.
    if (this.#head * 2 > this.#items.length && this.#head > 32) this.#compact()
    return item
  }

  /** Puts items before all others, in their order. */
  unshift(items: readonly Item[]): void {
    this.#items = [...items, ...this]
    this.#head = 0
  }

  /** Keeps those for which `keep` is true. */
  filter(keep: (item: Item) => boolean): void {
    this.#items = [...this].filter(keep)
    this.#head = 0
  }

  *[Symbol.iterator](): IterableIterator<Item> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]!
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
