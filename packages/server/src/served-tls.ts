/**
 * The certificate of the server, renewed while it runs. The files are read again from time to time:
 * where they are links that are swapped, as in Kubernetes, watching them would tell nothing. New
 * connections get what is new; those that are there stay as they are.
 */
import type { Clock } from '@goethe/core'
import type { Config } from './config.js'
import type { Logger } from './log-writer.js'
import { RepeatedCheck } from './repeated-check.js'
import { type TlsFiles, readTlsFiles } from './tls-files.js'

/** Certificates are renewed days before they expire; a compromised authority cannot wait long. */
const checkIntervalMs = 10_000

export interface ServedTlsOptions {
  config: Pick<Config, 'tls'>
  clock: Clock
  logger: Logger
}

export class ServedTls {
  readonly #options: ServedTlsOptions
  readonly #listeners = new Set<(files: TlsFiles) => void>()
  #files: TlsFiles
  #problem: string | undefined
  readonly #looks: RepeatedCheck

  private constructor(options: ServedTlsOptions, files: TlsFiles) {
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

  /** Undefined where the server speaks plain text. Rejects with ConfigError for wrong files. */
  static async open(options: ServedTlsOptions): Promise<ServedTls | undefined> {
    const files = await readTlsFiles(options.config)
    return files && new ServedTls(options, files)
  }

  /** What new connections get. */
  get files(): TlsFiles {
    return this.#files
  }

  /** Calls the listener with files that are new and right; gives what ends that. */
  onChange(listener: (files: TlsFiles) => void): () => void {
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
    const { config, logger } = this.#options
    try {
      const files = await readTlsFiles(config)
      this.#problem = undefined
      if (files === undefined || isSame(files, this.#files)) return
      for (const listener of this.#listeners) listener(files)
      this.#files = files
      logger.info('New connections get the certificate that is new in the files')
    } catch (error) {
      // Once: it stays wrong until somebody mends it.
      const { message } = error as Error
      if (message === this.#problem) return
      this.#problem = message
      logger.error({ error }, 'The new certificate cannot be used; the one before stays')
    }
  }
}

function isSame(files: TlsFiles, others: TlsFiles): boolean {
  return (['cert', 'key', 'clientCa'] as const).every((name) => {
    const [one, other] = [files[name], others[name]]
    return one === undefined || other === undefined ? one === other : one.equals(other)
  })
}
