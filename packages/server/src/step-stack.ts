import type { Logger } from './log-writer.js'

/** Takes back what a step has done; gets what is left of the deadline. */
export type Undo = (deadlineMs: number) => Promise<void>

/** Steps that were done, to be taken back in reverse. */
export class StepStack {
  readonly #logger: Logger
  readonly #steps: { name: string; undo: Undo }[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  done(name: string, undo: Undo): void {
    this.#steps.push({ name, undo })
  }

  /** Takes back all that was done. What fails is noted and keeps nothing else from it. */
  async undo(deadlineMs: number): Promise<void> {
    const began = performance.now()
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const { name, undo } = step
      const leftMs = Math.max(Math.round(deadlineMs - (performance.now() - began)), 0)
      try {
        await undo(leftMs)
      } catch (error) {
        this.#logger.error({ error, step: name }, 'A part of the server could not stop properly')
      }
    }
  }
}
