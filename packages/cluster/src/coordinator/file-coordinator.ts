/** A coordinator on a file of this very member: that of the leader which the configuration names. */
import { type AbortSignalLike, type Clock, systemClock } from '@goethe/core'
import { CallLimits } from '../call-limits.js'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator.js'
import { checkRecord } from './record-bounds.js'
import type { RecordFile } from './record-file.js'

export interface FileCoordinatorOptions {
  readonly file: RecordFile
  /**
   * Asked before a record of a higher epoch than the stored one is written. What it rejects with is
   * why the change has failed. Default: nobody objects.
   */
  approve?(record: ClusterRecord): Promise<void>
  /** For what the disk has to do, and for an approval. Default 5,000. */
  readonly timeoutMs?: number
  readonly clock?: Clock
}

const timeoutMsDefault = 5_000

export class FileCoordinator implements Coordinator {
  readonly #file: RecordFile
  readonly #approve: (record: ClusterRecord) => Promise<void>
  readonly #timeoutMs: number
  readonly #limits: CallLimits
  readonly #stops = new Set<() => void>()

  constructor(options: FileCoordinatorOptions) {
    const { file, approve, timeoutMs = timeoutMsDefault, clock = systemClock() } = options
    this.#file = file
    this.#approve = async (record) => approve?.(record)
    this.#timeoutMs = timeoutMs
    this.#limits = new CallLimits(clock, 'The file with the record of the cluster')
  }

  read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined> {
    return this.#limited(() => this.#file.read(), signal)
  }

  change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    checkRecord(record)
    return this.#change(token, record)
  }

  watch(onChange: () => void): () => void {
    let stopped = this.#limits.closed
    const call = (): void => {
      if (!stopped) onChange()
    }
    const unwatch = this.#file.watch(call)
    const stop = (): void => {
      stopped = true
      unwatch()
      this.#stops.delete(stop)
    }
    this.#stops.add(stop)
    queueMicrotask(call)
    return stop
  }

  async close(): Promise<void> {
    this.#limits.close()
    for (const stop of this.#stops) stop()
  }

  async #change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    let began = false
    try {
      return await this.#limited(async (isOver) => {
        const found = await this.#file.read()
        if (found?.token !== token) return { outcome: 'refused' }
        if (record.epoch > (found?.record.epoch ?? 0)) await this.#approve(record)
        return this.#file.change(token, record, () => {
          began = !isOver()
          return began
        })
      })
    } catch (cause) {
      return { outcome: began ? 'unknown' : 'failed', cause }
    }
  }

  #limited<Result>(
    work: (isOver: () => boolean) => Promise<Result>,
    signal?: AbortSignalLike,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      let over = false
      const onEnd = (error: Error): void => {
        over = true
        reject(error)
      }
      const done = this.#limits.limit({ timeoutMs: this.#timeoutMs, signal, onEnd })
      if (over) return
      const isOver = (): boolean => over
      void work(isOver).finally(done).then(resolve, reject)
    })
  }
}
