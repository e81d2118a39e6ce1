/** What the log keeps in memory of entries in the store: loaded at the first use, bounded. */
export class LoadedStates<State> {
  readonly #max: number
  readonly #read: (name: string) => Promise<State>
  readonly #states = new Map<string, State>()
  readonly #loading = new Map<string, Promise<State>>()
  readonly #stale = new Set<string>()
  #pins = 0

  /** Keeps about `max` states; `read` loads one. */
  constructor(max: number, read: (name: string) => Promise<State>) {
    this.#max = max
    this.#read = read
  }

  /** The state when it is loaded. */
  peek(name: string): State | undefined {
    return this.#states.get(name)
  }

  /** Rejects as `read` does. */
  async load(name: string): Promise<State> {
    const known = this.#states.get(name)
    if (known !== undefined) return known
    let loading = this.#loading.get(name)
    if (loading === undefined) {
      loading = this.#load(name).finally(() => this.#loading.delete(name))
      this.#loading.set(name, loading)
    }
    return loading
  }

  /** Takes over what was written, where the state is loaded; a load under way starts again. */
  replace(name: string, state: State): void {
    if (this.#states.has(name)) this.#states.set(name, state)
    else this.invalidate(name)
  }

  /** Called while what is stored may change under a load: the load starts again. */
  invalidate(name: string): void {
    if (this.#loading.has(name)) this.#stale.add(name)
  }

  /** Keeps all states until `unpin`: a commit has loaded those that it is about to need. */
  pin(): void {
    this.#pins++
  }

  unpin(): void {
    this.#pins--
    this.#evict()
  }

  async #load(name: string): Promise<State> {
    for (;;) {
      this.#stale.delete(name)
      const state = await this.#read(name)
      if (this.#stale.delete(name)) continue
      this.#states.set(name, state)
      this.#evict()
      return state
    }
  }

  /** The oldest go first. */
  #evict(): void {
    if (this.#pins > 0) return
    for (const name of this.#states.keys()) {
      if (this.#states.size <= this.#max) return
      this.#states.delete(name)
    }
  }
}
