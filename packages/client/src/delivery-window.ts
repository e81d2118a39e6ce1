/**
 * How many deliveries an instance of a consumer asks for: as many as are waited for, and ahead of
 * that more of them the faster they are handled.
 */
export class DeliveryWindow {
  readonly #max: number
  #size = 1
  /** Asked for in this stream, and not there yet. */
  #credit = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Deliveries are handled faster than they come. */
  grow(): void {
    this.#size = Math.min(this.#size * 2, this.#max)
  }

  /** What was there was not looked at soon. */
  shrink(): void {
    this.#size = 1
  }

  /** One that was asked for has come. */
  received(): void {
    if (this.#credit > 0) this.#credit--
  }

  /** How many to ask for now, with so many at hand and so many waited for. */
  ask(atHand: number, awaited: number): number {
    const expected = atHand + this.#credit
    if (expected > this.#size / 2 && expected >= awaited) return 0
    const wanted = Math.max(this.#size, awaited) - expected
    if (wanted <= 0) return 0
    this.#credit += wanted
    return wanted
  }

  /** What was asked for in a stream does not come in the next: how many to ask for in that. */
  askAgain(atHand: number, awaited: number): number {
    this.#credit = Math.max(awaited, atHand > 0 ? 0 : 1)
    return this.#credit
  }

  /** Nothing more is to come. */
  close(): void {
    this.#credit = 0
  }
}
