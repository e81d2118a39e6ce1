/**
 * One member of a cluster: the replica's state machine, and the input and output that it asks for.
 *
 * What happens becomes an input, one after the other; each effect is carried out right away, and
 * what takes time ends in another input.
 */
import { GoetheError, unreachable } from '@goethe/core'
import type { AppliedStore } from '../applied-store.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import type { MemberStore } from '../record.js'
import type { Effect, Refusal } from '../replica/effect.js'
import type { Input } from '../replica/input.js'
import type { JournalEntry } from '../replica/messages.js'
import { Replica } from '../replica/replica.js'
import { rules } from '../replica/rules.js'
import type { ReplicaStatus } from '../replica/status.js'
import type { Replication } from '../replicated-level.js'
import { AppliedWaits } from './applied-waits.js'
import type { ReplicaDriverOptions } from './driver-options.js'
import { EntryApplier } from './entry-applier.js'
import { rulesOfMajority } from './named-leader.js'
import { EntrySource } from './entry-source.js'
import { type PendingWrite, PendingWrites, refusalError } from './pending-writes.js'
import type { GrantAnswer } from './record-exchange.js'
import { RecordAccess } from './record-access.js'
import { SnapshotIntake } from './snapshot-intake.js'

/** What was counted since the start. */
export interface ReplicaCounters {
  /** How often this member came to lead. */
  readonly leads: number
  /** Writes that were not done, or of which nobody knows, by the reason. */
  readonly rejected: Readonly<Record<Refusal['code'], number>>
}

/** How often the state machine learns what time it is. */
const tickMs = 50

/** Entries kept in memory for followers and for the store. */
const recentBytesMax = 64 * 1024 * 1024

const flushMsDefault = 10_000

export class ReplicaDriver implements Replication {
  readonly #options: ReplicaDriverOptions
  readonly #replica: Replica
  readonly #entries: EntrySource
  readonly #writes = new PendingWrites()
  readonly #record: RecordAccess
  readonly #snapshots: SnapshotIntake
  readonly #confirmations = new Map<number, Confirmation>()
  readonly #grants = new Map<number, GrantWaiting>()
  readonly #appliedListeners = new Set<(operations: Uint8Array) => void>()
  readonly #appliedWaits = new AppliedWaits()
  readonly #inputs: Input[] = []
  readonly #work = new Set<Promise<void>>()
  #applier: EntryApplier
  readonly #rejected = { NOT_LEADER: 0, UNAVAILABLE: 0, OUTCOME_UNKNOWN: 0 }
  #leads = 0
  #confirmation = 0
  #grant = 0
  /** Writes that wait for others to be done, while there are too many. */
  #held: PendingWrite[] | undefined
  #stepping = false
  #ended: GoetheError | undefined
  #onStopped: (() => void) | undefined
  #stopTick: () => void = () => undefined
  #stopFlush: () => void = () => undefined
  readonly #stopWatching: () => void

  /** Takes over an open journal and an open store, and begins at once. */
  constructor(options: ReplicaDriverOptions) {
    this.#options = options
    const { journal, stores, coordinator, clock, listener, named } = options
    const { epochs, sizes } = journal
    const { base, ends } = epochs
    this.#entries = new EntrySource(journal, recentBytesMax)
    this.#applier = this.#applierFor(stores.current)
    this.#record = new RecordAccess({
      coordinator,
      clock,
      onUnreadable: (reason) => {
        if (this.#ended === undefined) listener.onRecordUnreadable?.(reason)
      },
    })
    this.#snapshots = new SnapshotIntake({
      ...options,
      onReplace: () => listener.onReplace(),
      onReplaced: (store) => {
        this.#replaced(store)
      },
    })
    this.#replica = new Replica(
      {
        member: options.member,
        storeId: journal.meta.storeId,
        incarnation: options.incarnation,
        address: options.address,
        minInSync: options.minInSync,
        newClusterId: options.newId(),
        namedLeader: named?.leader,
        times: options.times,
        limits: options.limits,
        random: () => options.random(),
        rules: named === undefined ? rules : rulesOfMajority(named),
      },
      {
        facts: journal.meta.facts,
        journal: { base, ends, sizes },
        appliedLsn: stores.current.applied.lsn,
      },
    )
    this.#stopWatching = coordinator.watch(() => {
      this.input({ type: 'record-may-have-changed' })
    })
    this.#tick()
    this.#flushLater()
  }

  get status(): ReplicaStatus {
    return this.#replica.status
  }

  get counters(): ReplicaCounters {
    return { leads: this.#leads, rejected: this.#rejected }
  }

  /** What happened outside: messages of others, who there is, and what operators want. */
  input(input: Input): void {
    if (this.#ended !== undefined) return
    this.#inputs.push(input)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        for (const effect of this.#replica.step(next)) this.#perform(effect)
      }
    } finally {
      this.#stepping = false
    }
  }

  propose(operations: Uint8Array): Promise<void> {
    const { writeBytesMax = Infinity } = this.#options
    if (operations.length > writeBytesMax) {
      // In the journal it would keep all others from ever getting what follows it.
      return Promise.reject(tooLarge(operations.length, writeBytesMax))
    }
    return new Promise((resolve, reject) => {
      const write = { operations, resolve, reject }
      if (this.#ended !== undefined) reject(copyOf(this.#ended))
      else if (this.#held === undefined) this.#begin(write)
      else this.#held.push(write)
    })
  }

  onApplied(listener: (operations: Uint8Array) => void): () => void {
    this.#appliedListeners.add(listener)
    return () => this.#appliedListeners.delete(listener)
  }

  /**
   * Calls back once readers see here what the entry has written, at once where they do; the function
   * returned takes it back.
   */
  whenApplied(lsn: number, callback: () => void): () => void {
    const stop = this.#appliedWaits.add(lsn, callback)
    this.#appliedWaits.advance(this.status.appliedLsn)
    return stop
  }

  confirm(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(copyOf(this.#ended))
      const confirmation = ++this.#confirmation
      this.#confirmations.set(confirmation, { resolve, reject })
      this.input({ type: 'confirm', confirmation })
    })
  }

  /** Asks this member for its grant of an epoch. Rejects with GOETHE_UNAVAILABLE, GOETHE_CLOSED. */
  grant(epoch: number, candidate: MemberStore): Promise<GrantAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(copyOf(this.#ended))
      const grant = ++this.#grant
      this.#grants.set(grant, { resolve, reject })
      this.input({ type: 'grant', grant, epoch, candidate })
    })
  }

  /** Another member knows of this epoch. */
  learn(epoch: number): void {
    this.input({ type: 'epoch-known', epoch })
  }

  /**
   * Gives up the lead or the place in the in-sync set, if the cluster allows it within `deadlineMs`,
   * and ends. Journal and stores stay open.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#ended === undefined) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.setTimer(resolve, deadlineMs)
        this.#onStopped = () => {
          cancel()
          resolve()
        }
        this.input({ type: 'stop' })
      })
    }
    await this.end(new GoetheError('GOETHE_CLOSED', 'The member was stopped'))
  }

  /** Ends at once; what is under way is rejected with the reason. */
  async end(reason: GoetheError): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = reason
      this.#stopTick()
      this.#stopFlush()
      this.#stopWatching()
      this.#snapshots.end(reason)
      this.#writes.end(() => refusalError({ code: 'OUTCOME_UNKNOWN' }))
      for (const { reject } of this.#confirmations.values()) reject(copyOf(reason))
      this.#confirmations.clear()
      for (const { reject } of this.#grants.values()) reject(copyOf(reason))
      this.#grants.clear()
      for (const { reject } of this.#held ?? []) reject(copyOf(reason))
      this.#onStopped?.()
    }
    await Promise.all(this.#work)
  }

  #begin(write: PendingWrite): void {
    const proposal = this.#writes.add(write)
    const { operations } = write
    this.input({ type: 'propose', proposal, payload: operations, bytes: operations.length })
  }

  #perform(effect: Effect): void {
    const { peers, journal, listener } = this.#options
    switch (effect.type) {
      case 'send':
        return peers.send(effect.to, effect.message)
      case 'ship':
        return this.#ship(effect)
      case 'append-journal':
        return this.#append(effect.ticket, effect.entries)
      case 'truncate-journal':
        this.#entries.recent.truncate(effect.lsn)
        return this.#written(effect.ticket, journal.truncate(effect.lsn))
      case 'trim-journal':
        return this.#store(journal.trim(effect.lsn + 1))
      case 'persist-facts': {
        const { ticket } = effect
        return this.#store(journal.writeFacts(effect.facts), () => {
          this.input({ type: 'facts-persisted', ticket })
        })
      }
      case 'apply':
        return this.#store(this.#applier.apply(effect.fromLsn, effect.toLsn))
      case 'fetch-snapshot':
        return this.#answer(this.#snapshots.fetch(effect.from, effect.epoch))
      case 'install-snapshot':
        return this.#install(effect)
      case 'read-record':
        return this.#answer(this.#record.read(effect.ticket))
      case 'change-record':
        return this.#answer(this.#record.change(effect))
      case 'accept':
        return this.#writes.accept(effect.proposal, effect.lsn)
      case 'reject':
        this.#rejected[effect.refusal.code]++
        return this.#writes.reject(effect.proposal, refusalError(effect.refusal))
      case 'confirmed':
        return this.#confirmed(effect.confirmation)
      case 'unconfirmed':
        return this.#takeConfirmation(effect.confirmation)?.reject(
          refusalError(effect.refusal, 'linearizable reads'),
        )
      case 'granted':
        return this.#granted(effect.grant, { outcome: 'granted', last: effect.last })
      case 'not-granted': {
        const { grant, epoch, reason } = effect
        return this.#granted(grant, { outcome: 'not-granted', epoch, reason })
      }
      case 'lead':
        this.#leads++
        return listener.onLead(effect.epoch)
      case 'follow':
        this.#writes.disown()
        return listener.onFollow()
      case 'pressure':
        return this.#press(effect.high)
      case 'stopped':
        return this.#onStopped?.()
      case 'halt':
        return this.#halt(effect.reason, effect.reopen)
      default:
        unreachable(effect)
    }
  }

  #append(ticket: number, entries: readonly JournalEntry[]): void {
    const stored = entries.map(({ lsn, epoch, payload }): StoredEntry => {
      this.#writes.place(payload, lsn)
      return { lsn, epoch, operations: payload === undefined ? empty : (payload as Uint8Array) }
    })
    this.#entries.recent.append(stored)
    this.#written(ticket, this.#options.journal.append(stored))
  }

  #written(ticket: number, work: Promise<void>): void {
    this.#store(work, () => {
      this.input({ type: 'journal-written', ticket })
      // What followers need later they get from the journal.
      const { journal, stores } = this.#options
      this.#entries.recent.release(Math.min(stores.current.applied.lsn, journal.last.lsn))
    })
  }

  /** Work on the disk: when it fails, nothing that memory knows of the disk can be trusted. */
  #store(work: Promise<void>, done?: () => void): void {
    this.#track(
      work.then(done, (error: unknown) => {
        this.input({ type: 'storage-failed', reason: (error as Error).message })
      }),
    )
  }

  #ship({ to, storeId, fromLsn, bytesMax, message, header }: Extract<Effect, { type: 'ship' }>) {
    const send = (entries: readonly StoredEntry[]): void => {
      this.#options.peers.sendEntries(to, message, header, entries)
      const bytes = entries.reduce((sum, { operations }) => sum + operations.length, 0)
      this.input({ type: 'shipped', storeId, fromLsn, toLsn: entries.at(-1)!.lsn, bytes })
    }
    const entries = this.#entries.read(fromLsn, bytesMax)
    if (Array.isArray(entries)) send(entries)
    else this.#store(entries.then(send))
  }

  #applierFor(store: AppliedStore): EntryApplier {
    return new EntryApplier({
      store,
      read: (lsn, bytesMax) => this.#entries.read(lsn, bytesMax),
      onApplied: (entries) => {
        for (const { lsn, operations } of entries) {
          if (operations.length === 0 || this.#writes.owns(lsn)) continue
          for (const listener of this.#appliedListeners) listener(operations)
        }
      },
      onProgress: ({ lsn }, flushedLsn) => {
        this.input({ type: 'applied', lsn, flushedLsn })
        this.#appliedWaits.advance(lsn)
      },
    })
  }

  #flushLater(): void {
    const flush = (): void => {
      this.#flushLater()
      this.#store(this.#applier.flush())
    }
    const { clock, flushMs = flushMsDefault } = this.#options
    this.#stopFlush = clock.setTimer(flush, flushMs, 'background')
  }

  #install({ lsn, epoch }: Extract<Effect, { type: 'install-snapshot' }>): void {
    this.#store(this.#snapshots.install({ lsn, epoch }), () => {
      this.input({ type: 'snapshot-installed', lsn, epoch })
      this.#appliedWaits.advance(lsn)
    })
  }

  #replaced(store: AppliedStore): void {
    this.#entries.recent.clear()
    this.#applier = this.#applierFor(store)
    this.#options.listener.onReplaced(store)
  }

  /** Work that ends in an input, and never fails. */
  #answer(work: Promise<Input>): void {
    this.#track(
      work.then((answer) => {
        this.input(answer)
      }),
    )
  }

  /** A turn later, when all who are told of what was applied know of it. */
  #confirmed(confirmation: number): void {
    setImmediate(() => this.#takeConfirmation(confirmation)?.resolve())
  }

  #takeConfirmation(confirmation: number): Confirmation | undefined {
    const waiting = this.#confirmations.get(confirmation)
    this.#confirmations.delete(confirmation)
    return waiting
  }

  #granted(grant: number, answer: GrantAnswer): void {
    this.#grants.get(grant)?.resolve(answer)
    this.#grants.delete(grant)
  }

  #press(high: boolean): void {
    const held = this.#held ?? []
    this.#held = high ? held : undefined
    if (!high) for (const write of held) this.#begin(write)
  }

  #halt(reason: string, reopen: boolean): void {
    this.#track(
      this.end(new GoetheError('GOETHE_UNAVAILABLE', `This member takes no part: ${reason}`)),
    )
    this.#options.listener.onHalt(reason, reopen)
  }

  #tick(): void {
    this.#stopTick = this.#options.clock.setTimer(() => {
      this.#tick()
      this.input({ type: 'tick', nowMs: this.#options.nowMs() })
    }, tickMs)
  }

  #track(work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }
}

interface Confirmation {
  resolve(): void
  reject(error: GoetheError): void
}

interface GrantWaiting {
  resolve(answer: GrantAnswer): void
  reject(error: GoetheError): void
}

const empty = new Uint8Array(0)

function tooLarge(bytes: number, bytesMax: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `A write of ${bytes} bytes does not fit into a message between members, which takes ${bytesMax}: ` +
      'write less at once, or allow larger messages (messageBytesMax) on all members',
  )
}

/** Each caller gets an error of its own. */
function copyOf({ code, message, cause }: GoetheError): GoetheError {
  return new GoetheError(code, message, { cause })
}
