/** Remembers so many values until each expires; beyond that the one used longest ago is forgotten. */
export class BoundedCache<Value> {
  readonly #sizeMax: number
  /** In the order of last use. */
  readonly #entries = new Map<string, { value: Value; expiresAtMs: number }>()

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.expiresAtMs <= nowMs) return undefined
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: string, value: Value, expiresAtMs: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, expiresAtMs })
    if (this.#entries.size > this.#sizeMax) this.#entries.delete(this.#entries.keys().next().value!)
  }
}
