import { GoetheError } from '@goethe/core'

interface Waiting<Answer> {
  resolve(answer: Answer): void
  reject(error: GoetheError): void
}

/** Questions that the state machine has not answered yet, by the numbers that it is given for them. */
export class PendingAnswers<Answer> {
  readonly #waiting = new Map<number, Waiting<Answer>>()
  #last = 0
  #ended: GoetheError | undefined

  /** Resolves to the answer. Rejects as `reject` and `end` say. */
  ask(question: (number: number) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(copyOf(this.#ended))
      this.#last += 1
      this.#waiting.set(this.#last, { resolve, reject })
      question(this.#last)
    })
  }

  resolve(number: number, answer: Answer): void {
    this.#take(number)?.resolve(answer)
  }

  reject(number: number, error: GoetheError): void {
    this.#take(number)?.reject(error)
  }

  /** Nothing is answered any more. */
  end(reason: GoetheError): void {
    this.#ended = reason
    for (const { reject } of this.#waiting.values()) reject(copyOf(reason))
    this.#waiting.clear()
  }

  #take(number: number): Waiting<Answer> | undefined {
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    return waiting
  }
}

/** Each caller gets an error of its own. */
export function copyOf({ code, message, cause }: GoetheError): GoetheError {
  return new GoetheError(code, message, { cause })
}
