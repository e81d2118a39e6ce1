/**
 * One member of a cluster: the replica's state machine, and the input and output that it asks for.
 *
 * What happens becomes an input, one after the other; each effect is carried out right away, and
 * what takes time ends in another input.
 */
import { GoetheError, unreachable } from '@goethe/core'
import type { MemberStore } from '../record.js'
import type { Effect, Refusal } from '../replica/effect.js'
import type { Input } from '../replica/input.js'
import { Replica } from '../replica/replica.js'
import { rules } from '../replica/rules.js'
import type { ReplicaStatus } from '../replica/status.js'
import type { Replication } from '../replicated-level.js'
import { AppliedWaits } from './applied-waits.js'
import type { ReplicaDriverOptions } from './driver-options.js'
import { rulesOfMajority } from './named-leader.js'
import { PendingAnswers } from './pending-answers.js'
import { refusalError } from './pending-writes.js'
import type { GrantAnswer } from './record-exchange.js'
import { RecordAccess } from './record-access.js'
import { ReplicaStorage } from './replica-storage.js'
import { WorkUnderWay } from './work-under-way.js'
import { WriteIntake } from './write-intake.js'

/** What was counted since the start. */
export interface ReplicaCounters {
  /** How often this member came to lead. */
  readonly leads: number
  /** Writes that were not done, or of which nobody knows, by the reason. */
  readonly rejected: Readonly<Record<Refusal['code'], number>>
}

/** How often the state machine learns what time it is. */
const tickMs = 50

const flushMsDefault = 10_000

export class ReplicaDriver implements Replication {
  readonly #options: ReplicaDriverOptions
  readonly #replica: Replica
  readonly #writes: WriteIntake
  readonly #storage: ReplicaStorage
  readonly #record: RecordAccess
  readonly #confirmations = new PendingAnswers<void>()
  readonly #grants = new PendingAnswers<GrantAnswer>()
  readonly #appliedWaits = new AppliedWaits()
  readonly #inputs: Input[] = []
  readonly #work: WorkUnderWay
  #leads = 0
  #stepping = false
  #ended: GoetheError | undefined
  #onStopped: (() => void) | undefined
  #stopTick: () => void = () => undefined
  readonly #stopWatching: () => void

  /** Takes over an open journal and an open store, and begins at once. */
  constructor(options: ReplicaDriverOptions) {
    this.#options = options
    const { journal, stores, coordinator, clock, listener, named } = options
    const { epochs, sizes } = journal
    const { base, ends } = epochs
    const input = (input: Input): void => {
      this.input(input)
    }
    this.#work = new WorkUnderWay(input)
    this.#writes = new WriteIntake({
      writeBytesMax: options.writeBytesMax ?? Infinity,
      propose: (proposal, payload) => {
        input({ type: 'propose', proposal, payload, bytes: payload.length })
      },
    })
    this.#storage = new ReplicaStorage({
      ...options,
      flushMs: options.flushMs ?? flushMsDefault,
      writes: this.#writes.pending,
      work: this.#work,
      input,
      onApplied: (lsn) => {
        this.#appliedWaits.advance(lsn)
      },
    })
    this.#record = new RecordAccess({
      coordinator,
      clock,
      onUnreadable: (reason) => {
        if (this.#ended === undefined) listener.onRecordUnreadable?.(reason)
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
  }

  get status(): ReplicaStatus {
    return this.#replica.status
  }

  get counters(): ReplicaCounters {
    return { leads: this.#leads, rejected: this.#writes.rejected }
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
    return this.#writes.add(operations)
  }

  onApplied(listener: (operations: Uint8Array) => void): () => void {
    return this.#storage.onForeign(listener)
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
    return this.#confirmations.ask((confirmation) => {
      this.input({ type: 'confirm', confirmation })
    })
  }

  /** Asks this member for its grant of an epoch. Rejects with GOETHE_UNAVAILABLE, GOETHE_CLOSED. */
  grant(epoch: number, candidate: MemberStore): Promise<GrantAnswer> {
    return this.#grants.ask((grant) => {
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
      this.#stopWatching()
      this.#storage.end(reason)
      this.#writes.end(reason)
      this.#confirmations.end(reason)
      this.#grants.end(reason)
      this.#onStopped?.()
    }
    await this.#work.settled()
  }

  #perform(effect: Effect): void {
    const { peers, listener } = this.#options
    switch (effect.type) {
      case 'send':
        return peers.send(effect.to, effect.message)
      case 'ship':
        return this.#ship(effect)
      case 'append-journal':
        return this.#storage.append(effect.ticket, effect.entries)
      case 'truncate-journal':
        return this.#storage.truncate(effect.ticket, effect.lsn)
      case 'trim-journal':
        return this.#storage.trim(effect.lsn)
      case 'persist-facts':
        return this.#storage.persist(effect.ticket, effect.facts)
      case 'apply':
        return this.#storage.apply(effect.fromLsn, effect.toLsn)
      case 'fetch-snapshot':
        return this.#storage.fetchSnapshot(effect.from, effect.epoch)
      case 'install-snapshot':
        return this.#storage.install(effect)
      case 'read-record':
        return this.#work.answering(this.#record.read(effect.ticket))
      case 'change-record':
        return this.#work.answering(this.#record.change(effect))
      case 'accept':
        return this.#writes.pending.accept(effect.proposal, effect.lsn)
      case 'reject':
        return this.#writes.reject(effect.proposal, effect.refusal)
      case 'confirmed':
        return this.#confirmed(effect.confirmation)
      case 'unconfirmed':
        return this.#confirmations.reject(
          effect.confirmation,
          refusalError(effect.refusal, 'linearizable reads'),
        )
      case 'granted':
        return this.#grants.resolve(effect.grant, { outcome: 'granted', last: effect.last })
      case 'not-granted': {
        const { grant, epoch, reason } = effect
        return this.#grants.resolve(grant, { outcome: 'not-granted', epoch, reason })
      }
      case 'lead':
        this.#leads++
        return listener.onLead(effect.epoch)
      case 'follow':
        this.#writes.pending.disown()
        return listener.onFollow()
      case 'pressure':
        return this.#writes.press(effect.high)
      case 'stopped':
        return this.#onStopped?.()
      case 'halt':
        return this.#halt(effect.reason, effect.reopen)
      default:
        unreachable(effect)
    }
  }

  #ship({ to, storeId, fromLsn, bytesMax, message, header }: Extract<Effect, { type: 'ship' }>) {
    this.#storage.read(fromLsn, bytesMax, (entries) => {
      this.#options.peers.sendEntries(to, message, header, entries)
      const bytes = entries.reduce((sum, { operations }) => sum + operations.length, 0)
      this.input({ type: 'shipped', storeId, fromLsn, toLsn: entries.at(-1)!.lsn, bytes })
    })
  }

  /** A turn later, when all who are told of what was applied know of it. */
  #confirmed(confirmation: number): void {
    setImmediate(() => {
      this.#confirmations.resolve(confirmation)
    })
  }

  #halt(reason: string, reopen: boolean): void {
    this.#work.add(
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
}
