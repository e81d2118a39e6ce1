/**
 * Holds appends back while a read that follows from the end asks where that is: what is appended
 * after such a read has begun is behind the end, although reads and appends are streams of their
 * own, of which one may overtake the other.
 */
export class AppendGate {
  #holds = 0
  #onOpen: () => void = () => undefined

  get closed(): boolean {
    return this.#holds > 0
  }

  /** Called when appends may go on. */
  onOpen(callback: () => void): void {
    this.#onOpen = callback
  }

  /** Holds appends back until the function returned is called. */
  hold(): () => void {
    this.#holds++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds--
      if (this.#holds === 0) this.#onOpen()
    }
  }
}
