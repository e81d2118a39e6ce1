/**
 * A coordinator on the record that another member keeps, which is the leader that the configuration
 * names. It can be read from here; the member that keeps it is the only one that ever changes it.
 */
import { type AbortSignalLike, type Clock, GoetheError, systemClock } from '@goethe/core'
import { CallLimits } from '../call-limits.js'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator.js'
import { checkRecord } from './record-bounds.js'

export interface PeerCoordinatorOptions {
  /** The member that keeps the record. */
  readonly member: string
  /** Asks it. Rejects as `read` does. */
  ask(signal: AbortSignal): Promise<VersionedRecord | undefined>
  /** How long it may take to answer, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number
  /** How often those who watch are called: changes are not told, they are looked for. Default 1,000. */
  readonly lookMs?: number
  readonly clock?: Clock
}

export class PeerCoordinator implements Coordinator {
  readonly #options: PeerCoordinatorOptions
  readonly #clock: Clock
  readonly #limits: CallLimits
  readonly #stops = new Set<() => void>()

  constructor(options: PeerCoordinatorOptions) {
    const { member, clock = systemClock() } = options
    this.#options = options
    this.#clock = clock
    this.#limits = new CallLimits(clock, `Member ${member}, which keeps the record of the cluster,`)
  }

  read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined> {
    const { ask, timeoutMs = 5_000 } = this.#options
    return new Promise((resolve, reject) => {
      const stopping = new AbortController()
      const onEnd = (error: GoetheError): void => {
        stopping.abort(error)
        reject(error)
      }
      const done = this.#limits.limit({ timeoutMs, signal, onEnd })
      if (!stopping.signal.aborted) void ask(stopping.signal).finally(done).then(resolve, reject)
    })
  }

  change(_token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    checkRecord(record)
    const cause = new GoetheError(
      'GOETHE_NOT_LEADER',
      `The record of the cluster is changed by ${this.#options.member} alone, which is named as leader`,
    )
    return Promise.resolve({ outcome: 'failed', cause })
  }

  watch(onChange: () => void): () => void {
    let stopTimer = (): void => undefined
    const look = (delayMs: number): void => {
      stopTimer = this.#clock.setTimer(
        () => {
          look(this.#options.lookMs ?? 1_000)
          onChange()
        },
        delayMs,
        'background',
      )
    }
    if (!this.#limits.closed) look(0)
    const stop = (): void => {
      stopTimer()
      this.#stops.delete(stop)
    }
    this.#stops.add(stop)
    return stop
  }

  async close(): Promise<void> {
    this.#limits.close()
    for (const stop of this.#stops) stop()
  }
}
