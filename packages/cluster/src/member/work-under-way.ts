import type { Input } from '../replica/input.js'

/** What effects have begun that takes time; it ends in inputs. */
export class WorkUnderWay {
  readonly #input: (input: Input) => void
  readonly #work = new Set<Promise<void>>()

  constructor(input: (input: Input) => void) {
    this.#input = input
  }

  /** On the disk: when it fails, nothing that memory knows of the disk can be trusted. */
  onDisk(work: Promise<void>, done?: () => void): void {
    this.add(
      work.then(done, (error: unknown) => {
        this.#input({ type: 'storage-failed', reason: (error as Error).message })
      }),
    )
  }

  /** Ends in an input, and never fails. */
  answering(work: Promise<Input>): void {
    this.add(
      work.then((answer) => {
        this.#input(answer)
      }),
    )
  }

  /** Never fails. */
  add(work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  /** Resolves once all that is under way now is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#work)
  }
}
