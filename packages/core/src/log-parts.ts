/** The parts of an open log, put together: what each of them is given of the others. */
import type TypedEmitter from 'typed-emitter'
import { AppendValidator } from './append-validator.js'
import type { Clock } from './clock.js'
import { Committer } from './committer.js'
import { ConsumerGroups } from './consumer-groups.js'
import type { CursorContext } from './cursor.js'
import { placeCursor } from './cursor-placement.js'
import { CursorStore } from './cursor-store.js'
import { GoetheError } from './errors.js'
import type { ImportContext } from './import-log.js'
import { LogAccess } from './log-access.js'
import type { LogEventMap } from './log-events.js'
import type { OpenedLog } from './open-log.js'
import type { CheckedOptions } from './options.js'
import { ProducerStates } from './producer-states.js'
import { Readers } from './readers.js'
import { Recent } from './recent.js'
import { RetentionSchedule } from './retention.js'
import type { Store } from './store.js'
import { TopicStates } from './topic-state.js'
import type { TrimContext } from './trim.js'
import { WriteFeed } from './write-feed.js'

export class LogParts {
  readonly store: Store
  readonly access: LogAccess
  readonly states: TopicStates
  readonly recent: Recent
  readonly feed: WriteFeed
  readonly validator: AppendValidator
  readonly committer: Committer
  readonly cursors: CursorStore
  readonly readers: Readers
  readonly groups: ConsumerGroups
  readonly retention: RetentionSchedule
  /** What was counted since the log was opened. */
  readonly counts = { commits: 0, events: 0, bytes: 0, clockBehindMs: 0 }
  readonly #clock: Clock
  readonly #intervalNs: bigint
  readonly #emitter: TypedEmitter<LogEventMap>

  /** Reads nothing. `emitter` is told what happens to the log. */
  constructor(
    { store, meta }: OpenedLog,
    options: CheckedOptions,
    emitter: TypedEmitter<LogEventMap>,
  ) {
    this.store = store
    this.#clock = options.clock
    this.#intervalNs = BigInt(meta.index.intervalMs) * 1_000_000n
    this.#emitter = emitter
    this.states = new TopicStates(store)
    this.recent = new Recent(options.recentBytesMax)
    const producers = new ProducerStates(store)
    this.feed = new WriteFeed(store, this.states, producers, this.recent)
    this.validator = new AppendValidator(options.eventBytesMax, options.clock, this.states)
    this.committer = this.#newCommitter(producers, options)
    this.access = new LogAccess(options.readOnly, meta.import, () => this.committer.failure)
    this.cursors = new CursorStore(store, this.committer)
    this.readers = this.#newReaders()
    this.groups = this.#newGroups()
    this.retention = this.#newRetention(options.retentionIntervalMs)
  }

  /** What cursors need of the log. */
  get forCursors(): CursorContext {
    return {
      store: this.store,
      clock: this.#clock,
      states: this.states,
      cursors: this.cursors,
      placeBefore: (topic, position) => this.readers.placeBefore(topic, position),
      readFrom: (topic, begin, options) => this.readers.readFrom(topic, begin, options),
      readOne: (topic, id) => this.readers.readOne(topic, id),
      assertOpen: () => {
        this.access.assertOpen()
      },
    }
  }

  /** What trims and deletes topics. */
  get forTrims(): TrimContext {
    return {
      store: this.store,
      states: this.states,
      committer: this.committer,
      intervalNs: this.#intervalNs,
      lastId: () => this.feed.lastId,
      now: () => this.#clock.now(),
      forgetCursors: (topic) => {
        this.cursors.forgetTopic(topic)
      },
    }
  }

  get forImports(): ImportContext {
    return {
      store: this.store,
      states: this.states,
      committer: this.committer,
      intervalNs: this.#intervalNs,
      lastId: () => this.feed.lastId,
      imported: () => this.access.imported,
      onProgress: (imported) => {
        this.access.imported = imported
      },
      trim: this.forTrims,
      onTopic: (topic, retention) => {
        this.retention.note(topic, retention)
      },
      onCursors: () => {
        this.cursors.reload()
      },
    }
  }

  #newCommitter(producers: ProducerStates, options: CheckedOptions): Committer {
    const { counts } = this
    const emitter = this.#emitter
    return new Committer({
      store: this.store,
      states: this.states,
      producers,
      clock: options.clock,
      intervalNs: this.#intervalNs,
      queueBytesMax: options.queueBytesMax,
      clockBehindNs: options.clockBehindNs,
      lastId: () => this.feed.lastId,
      onCommit: (commit, receipts) => {
        counts.commits++
        counts.events += commit.events
        counts.bytes += commit.bytes
        if (emitter.listenerCount('append') > 0) {
          for (const receipt of receipts) if (!receipt.repeated) emitter.emit('append', receipt)
        }
        if (emitter.listenerCount('commit') > 0) emitter.emit('commit', commit)
      },
      onClock: (behindNs) => {
        counts.clockBehindMs = Number(behindNs / 1_000_000n)
        if (behindNs > 0n) emitter.emit('clock', { behindMs: counts.clockBehindMs })
      },
      onFailure: (error) => {
        this.#emitError(error)
      },
    })
  }

  #newReaders(): Readers {
    return new Readers({
      store: this.store,
      states: this.states,
      recent: this.recent,
      cursors: this.cursors,
      intervalNs: this.#intervalNs,
      lastId: () => this.feed.lastId,
      assertOpen: () => {
        this.access.assertOpen()
      },
    })
  }

  #newGroups(): ConsumerGroups {
    const { forCursors, readers } = this
    return new ConsumerGroups({
      clock: this.#clock,
      cursors: this.cursors,
      follow: (topic, begin) => readers.readFrom(topic, begin, { follow: true }),
      readOne: (topic, id) => readers.readOne(topic, id),
      placeCursor: (topic, consumer, position, placement) =>
        placeCursor(forCursors, topic, consumer, position, placement),
      onDeadLetter: (event, consumer, deadLetter, attempts) => {
        this.#emitter.emit('deadLetter', { event, consumer, deadLetter, attempts })
      },
    })
  }

  #newRetention(intervalMs: number): RetentionSchedule {
    return new RetentionSchedule(this.forTrims, this.#clock, intervalMs, {
      trim: (topic, result) => {
        this.#emitter.emit('trim', { topic, ...result })
      },
      error: (error) => {
        if (error instanceof GoetheError) this.#emitError(error)
      },
    })
  }

  #emitError(error: GoetheError): void {
    // Without a listener an emitter would throw it in the middle of the commit.
    if (this.#emitter.listenerCount('error') > 0) this.#emitter.emit('error', error)
  }
}
