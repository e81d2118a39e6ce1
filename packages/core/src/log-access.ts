/** Whether a log is open, and whether it takes writes: asked before everything that is done with it. */
import { GoetheError } from './errors.js'
import type { ImportMeta } from './meta.js'

export class LogAccess {
  readonly #readOnly: (() => GoetheError) | undefined
  readonly #failure: () => GoetheError | undefined
  /** The import that this log came from so far. */
  imported: ImportMeta | undefined
  #isImporting = false
  #isClosed = false

  /**
   * `readOnly` gives the error of what would write, where the log may only be read; `failure` the one
   * of the write that has failed, if one has.
   */
  constructor(
    readOnly: (() => GoetheError) | undefined,
    imported: ImportMeta | undefined,
    failure: () => GoetheError | undefined,
  ) {
    this.#readOnly = readOnly
    this.imported = imported
    this.#failure = failure
  }

  close(): void {
    this.#isClosed = true
  }

  assertOpen(): void {
    if (this.#isClosed) throw closedError()
  }

  assertWritable(): void {
    const refusal = this.refusal()
    if (refusal !== undefined) throw refusal
  }

  /** Why nothing can be written at the moment. */
  refusal(): GoetheError | undefined {
    if (this.#isClosed) return closedError()
    if (this.#readOnly !== undefined) return this.#readOnly()
    if (this.#isImporting || this.imported?.complete === false) {
      return new GoetheError(
        'GOETHE_IMPORT_INCOMPLETE',
        'An import into this log has not ended; call importFrom() with the same export again',
      )
    }
    return this.#failure()
  }

  /** Runs an import, while which nothing else is written. Rejects where none may begin. */
  async whileImporting<Result>(run: () => Promise<Result>): Promise<Result> {
    this.assertOpen()
    if (this.#readOnly !== undefined) throw this.#readOnly()
    if (this.#isImporting) {
      throw new GoetheError('GOETHE_NOT_EMPTY', 'Another import into this log is under way')
    }
    this.#isImporting = true
    try {
      return await run()
    } finally {
      this.#isImporting = false
    }
  }
}

export function closedError(): GoetheError {
  return new GoetheError('GOETHE_CLOSED', 'The log is closed')
}
