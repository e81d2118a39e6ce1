/**
 * The record in a file of the member that keeps it, changed by compare-and-set: written to a new file
 * that takes the place of the old one. Its token is a random one beside the record, so that a file
 * that was deleted and made again is another one.
 *
 * One process has it; whoever uses it there takes turns.
 */
import { GoetheError, isGoetheError } from '@goethe/core'
import type { Disk } from '../journal/disk.js'
import { decodeChecked, encodeChecked, prepareWhole, readWhole } from '../journal/whole-file.js'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, VersionedRecord } from './coordinator.js'
import { corruptRecord, recordJson, recordOfJson } from './record-json.js'

export interface RecordFileOptions {
  readonly disk: Disk
  /** A UUID. */
  newToken(): string
}

export const recordFileName = 'record'

const where = `the file ${recordFileName}`

export class RecordFile {
  readonly #options: RecordFileOptions
  readonly #watchers = new Set<() => void>()
  #turn: Promise<unknown> = Promise.resolve()
  /** What is in the file cannot be trusted any more: nobody knows what a restart would find. */
  #doubt: unknown

  constructor(options: RecordFileOptions) {
    this.#options = options
  }

  /** Rejects with GOETHE_UNAVAILABLE as the disk fails, GOETHE_CORRUPT, GOETHE_FORMAT. */
  read(): Promise<VersionedRecord | undefined> {
    return this.#inTurn(() => this.#read())
  }

  /**
   * Never rejects. `isWanted` is asked right before the file changes: who has given up by then, and
   * has said that nothing was done, is not to be proven wrong.
   */
  change(
    token: string | undefined,
    record: ClusterRecord,
    isWanted: () => boolean = () => true,
  ): Promise<ChangeOutcome> {
    return this.#inTurn(() => this.#change(token, record, isWanted))
  }

  /** Calls back after each change, until the function returned is called. */
  watch(onChange: () => void): () => void {
    const watcher = (): void => {
      onChange()
    }
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  async #read(): Promise<VersionedRecord | undefined> {
    if (this.#doubt !== undefined) throw unreadable(this.#doubt)
    let bytes: Uint8Array | undefined
    try {
      bytes = await readWhole(this.#options.disk, recordFileName)
    } catch (cause) {
      throw unreadable(cause)
    }
    if (bytes === undefined) return undefined
    const text = decodeChecked(bytes)
    if (text === undefined) throw corruptRecord(where, 'does not match its checksum')
    const { token, record } = JSON.parse(text) as { token: string; record: unknown }
    return { token, record: recordOfJson(JSON.stringify(record), where) }
  }

  async #change(
    token: string | undefined,
    record: ClusterRecord,
    isWanted: () => boolean,
  ): Promise<ChangeOutcome> {
    const next = this.#options.newToken()
    let replace: () => Promise<void>
    try {
      if ((await this.#read())?.token !== token) return { outcome: 'refused' }
      const text = JSON.stringify({
        token: next,
        record: JSON.parse(recordJson(record)) as unknown,
      })
      replace = await prepareWhole(this.#options.disk, recordFileName, encodeChecked(text))
    } catch (error) {
      return { outcome: 'failed', cause: isGoetheError(error) ? error : unreadable(error) }
    }
    if (!isWanted()) return { outcome: 'failed', cause: unreadable(new Error('it took too long')) }
    try {
      await replace()
    } catch (error) {
      this.#doubt = error
      return { outcome: 'unknown', cause: unreadable(error) }
    }
    for (const watcher of this.#watchers) watcher()
    return { outcome: 'changed', token: next }
  }

  /** One after the other, whatever became of those before. */
  #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(act)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

function unreadable(cause: unknown): GoetheError {
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    `The record of the cluster in ${where} cannot be had: ${(cause as Error).message}`,
    { cause },
  )
}
