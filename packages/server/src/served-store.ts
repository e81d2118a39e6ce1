/**
 * The store that a server serves. The log in it can be replaced: after a failed write nobody knows
 * what is on the disk until the log is opened again, so that is done as soon as there is room for
 * it. Readers of the log before end with GOETHE_CLOSED, which clients answer by reading on.
 */
import { type Commit, type EventLog, GoetheError, isGoetheError } from '@goethe/core'
import type { DiskGuard } from './disk-guard.js'
import type { Logger } from './log-writer.js'
import type { LogStore, StoreState } from './log-store.js'
import { isDamage } from './open-store.js'
import { ReopenableLog } from './reopenable-log.js'
import type { ServedLog } from './served-log.js'

export interface ServedStoreOptions {
  /** Opens the log: at first, and again. */
  open(): Promise<EventLog>
  guard: Pick<DiskGuard, 'hasRoom' | 'reason' | 'refusal'>
  logger: Logger
  /** When trying again makes sense for those who are refused. */
  retryDelayMs: number
  onCommit?(commit: Commit): void
}

export class ServedStore implements LogStore {
  /** The log, whichever it is at the moment. */
  readonly log: ServedLog
  readonly #options: ServedStoreOptions
  #current: EventLog | undefined
  #failure: GoetheError | undefined
  #reopening: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(options: ServedStoreOptions, opened: EventLog) {
    this.#options = options
    this.#use(opened)
    this.log = new ReopenableLog({
      id: () => opened.id,
      current: () => this.#open(),
      refusal: () => this.#refusal(),
      appendRefusal: () => this.#refusal() ?? options.guard.refusal(),
      close: () => this.close(),
    })
  }

  /** Rejects as the opening does: without a log there is nothing to serve. */
  static async open(options: ServedStoreOptions): Promise<ServedStore> {
    return new ServedStore(options, await options.open())
  }

  /** False while the log is being opened again, and once it is closed. */
  get isReadable(): boolean {
    return this.#current !== undefined
  }

  get state(): StoreState {
    if (this.#closing !== undefined) return { type: 'closed' }
    if (this.#failure !== undefined) {
      const type = this.#current !== undefined && isDamage(this.#failure) ? 'read-only' : 'failed'
      return { type, reason: this.#failureReason(this.#failure), cause: causeOf(this.#failure) }
    }
    const { reason } = this.#options.guard
    return reason === undefined ? { type: 'open' } : { type: 'read-only', reason }
  }

  /**
   * Opens the log again where it failed and that can help: there is room, and the store is not
   * damaged, which no opening mends. To be called from time to time.
   */
  async recover(): Promise<void> {
    if (this.#failure === undefined || this.#closing !== undefined) return
    if (!this.#options.guard.hasRoom) return
    if (this.#current !== undefined && isDamage(this.#failure)) return
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined
    })
    await this.#reopening
  }

  /** Finishes what was accepted and closes the log. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#reopening
    const log = this.#current
    this.#current = undefined
    await log?.close()
  }

  async #reopen(): Promise<void> {
    const { open, logger } = this.#options
    const before = this.#current
    this.#current = undefined
    try {
      await before?.close()
    } catch (error) {
      logger.warn({ error }, 'The log that failed could not be closed properly')
    }
    try {
      this.#use(await open())
      this.#failure = undefined
      logger.info('The log was opened again and takes appends')
    } catch (error) {
      this.#failure = asGoetheError(error)
      logger.error({ error }, 'The log could not be opened again')
    }
  }

  #use(log: EventLog): void {
    const { logger, onCommit } = this.#options
    this.#current = log
    log.on('error', (error) => {
      if (!isGoetheError(error, 'GOETHE_WRITE_FAILED') || this.#current !== log) {
        logger.error({ error }, 'The upkeep of the log failed')
        return
      }
      // Upkeep meets the same failure again and again.
      if (this.#failure !== undefined) return
      this.#failure = error
      logger.error({ error }, 'A write failed: the log takes no appends until it is opened again')
    })
    log.on('clock', ({ behindMs }) => {
      logger.warn({ behindMs }, 'The clock is behind the last id of the log')
    })
    log.on('deadLetter', ({ event, consumer, deadLetter, attempts }) => {
      const { topic, sequence } = event
      logger.warn({ topic, sequence, consumer, deadLetter, attempts }, 'An event was set aside')
    })
    if (onCommit !== undefined) log.on('commit', onCommit)
  }

  #open(): EventLog {
    if (this.#current !== undefined) return this.#current
    if (this.#closing !== undefined) throw new GoetheError('GOETHE_CLOSED', 'The log is closed')
    throw new GoetheError('GOETHE_UNAVAILABLE', 'The log is being opened again', {
      cause: this.#failure,
      details: { retryDelayMs: this.#options.retryDelayMs },
    })
  }

  /** Why nothing at all can be written; what is refused like this was not done. */
  #refusal(): GoetheError | undefined {
    if (this.#failure === undefined || this.#closing !== undefined) return undefined
    return new GoetheError('GOETHE_READ_ONLY', this.#failureReason(this.#failure), {
      cause: this.#failure,
      details: { retryDelayMs: this.#options.retryDelayMs },
    })
  }

  #failureReason(failure: GoetheError): string {
    const { guard } = this.#options
    if (this.#current !== undefined && isDamage(failure)) {
      return (
        'The store is damaged, so that the log can only be read; export what is there, and import ' +
        'it into a new directory'
      )
    }
    const next = guard.hasRoom ? 'it is about to be opened again' : 'it waits for room on the disk'
    return `The log could not be written; ${next}`
  }
}

function causeOf({ cause, message }: GoetheError): string {
  return cause instanceof Error ? cause.message : message
}

function asGoetheError(error: unknown): GoetheError {
  if (isGoetheError(error)) return error
  return new GoetheError('GOETHE_INVALID_STORE', (error as Error).message, { cause: error })
}
