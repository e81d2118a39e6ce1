/**
 * Certificates that are renewed while the server runs. Their files are read again from time to time:
 * where they are links that are swapped, as in Kubernetes, watching them would tell nothing. What
 * begins from then on gets what is new; connections that are there stay as they are.
 */
import type { Clock } from '@goethe/core'
import type { Logger } from './log-writer.js'
import { RepeatedCheck } from './repeated-check.js'

/** Certificates are renewed days before they expire; a compromised authority cannot wait long. */
const checkIntervalMs = 10_000

export interface RenewedFilesOptions<Files> {
  /** Rejects where they are not there, or do not fit together. */
  read(): Promise<Files | undefined>
  clock: Clock
  logger: Logger
  /** What is logged when new ones are taken, and when they cannot be. */
  messages: { readonly taken: string; readonly refused: string }
}

export class RenewedFiles<Files extends object> {
  readonly #options: RenewedFilesOptions<Files>
  readonly #listeners = new Set<(files: Files) => void>()
  #files: Files
  #problem: string | undefined
  readonly #looks: RepeatedCheck

  /** `files` are those of now. */
  constructor(options: RenewedFilesOptions<Files>, files: Files) {
    this.#options = options
    this.#files = files
    const { clock } = options
    this.#looks = new RepeatedCheck({
      clock,
      intervalMs: checkIntervalMs,
      check: () => this.#check(),
    })
    this.#looks.start()
  }

  /** What new connections get. */
  get files(): Files {
    return this.#files
  }

  /** Calls the listener with files that are new and right; gives what ends that. */
  onChange(listener: (files: Files) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks now. Files that are wrong change nothing but for a line in the log. */
  check(): Promise<void> {
    return this.#looks.now()
  }

  stop(): Promise<void> {
    return this.#looks.stop()
  }

  async #check(): Promise<void> {
    const { read, logger, messages } = this.#options
    try {
      const files = await read()
      this.#problem = undefined
      if (files === undefined || isSame(files, this.#files)) return
      for (const listener of this.#listeners) listener(files)
      this.#files = files
      logger.info(messages.taken)
    } catch (error) {
      // Once: it stays wrong until somebody mends it.
      const { message } = error as Error
      if (message === this.#problem) return
      this.#problem = message
      logger.error({ error }, messages.refused)
    }
  }
}

/** For those who call with what is to be done with new files, and end it by what that gives. */
export function watchFiles<Files extends object>(
  options: RenewedFilesOptions<Files>,
  files: Files,
): (use: (files: Files) => void) => () => void {
  return (use) => {
    const renewed = new RenewedFiles(options, files)
    renewed.onChange(use)
    return () => void renewed.stop()
  }
}

function isSame<Files extends object>(files: Files, others: Files): boolean {
  return (Object.keys(files) as (keyof Files)[]).every((name) => {
    const [one, other]: [unknown, unknown] = [files[name], others[name]]
    return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other
  })
}
