/**
 * The log of a member of a cluster. While the member leads, the log takes writes and hands them to
 * all; else it is open to be read only, and says who takes what is written. It is opened anew
 * whenever one becomes the other, or a snapshot takes the store's place: readers of the log before
 * end with GOETHE_CLOSED, which clients answer by reading on.
 */
import { ClusterMember, ReplicatedLevel } from '@goethe/cluster'
import type { AppliedStore, ReplicaListener, Replication } from '@goethe/cluster'
import {
  type Clock,
  type Commit,
  EventLog,
  type EventLogOptions,
  GoetheError,
  isGoetheError,
} from '@goethe/core'
import type { Admission } from '../admission.js'
import type { DiskGuard } from '../disk-guard.js'
import type { Logger } from '../log-writer.js'
import type { LogStore, StoreState } from '../log-store.js'
import { isDamage } from '../open-store.js'
import { ReopenableLog, type ReopenableLogOptions } from '../reopenable-log.js'
import type { ServedLog } from '../served-log.js'
import { Tracing } from '../tracing.js'
import { ClusterOperations } from './cluster-operations.js'
import { followerState } from './follower-state.js'
import { ForwardedRequests } from './forwarded-requests.js'
import { type ForwardTarget, Forwarder } from './forwarder.js'
import { ForwardingLog } from './forwarding-log.js'
import { MemberRefusals } from './member-refusals.js'

export interface ClusteredStoreOptions {
  /** Opens the member: at first, and again after its disk failed. */
  open(listener: ReplicaListener): Promise<ClusterMember>
  readonly logOptions: EventLogOptions
  readonly guard: Pick<DiskGuard, 'hasRoom' | 'reason' | 'refusal'>
  /** Bytes under way, also of what other members ask for. */
  readonly admission: Pick<Admission, 'bytes'>
  /**
   * Whether what is written to a follower is passed on, and the leader asked for linearizable reads
   * there. What others pass on is done, and their questions are answered, in any case.
   */
  readonly forward: boolean
  /** As for `ClusterOperations`. */
  readonly fewestInSync?: number | undefined
  readonly logger: Logger
  readonly clock: Clock
  /** When trying again makes sense for those who are refused. */
  readonly retryDelayMs: number
  onCommit?(commit: Commit): void
}

/** Another member takes over within a fraction of this, or there is none that could. */
const handOverMsMax = 3000

export class ClusteredStore implements LogStore {
  readonly log: ServedLog
  readonly forwardingLog: ServedLog | undefined
  readonly forwarded: ReadonlyMap<string, number>
  readonly cluster: ClusterOperations
  readonly #refusals: MemberRefusals
  readonly #requests: ForwardedRequests
  readonly #options: ClusteredStoreOptions
  #member: ClusterMember | undefined
  #store: AppliedStore | undefined
  #current: EventLog | undefined
  /** Whether `#current` takes writes. */
  #writes = false
  /** A log that met a failed write. One that takes none during an import has not failed. */
  #failed: EventLog | undefined
  /** The epoch that this member leads, while it does. */
  #leads: number | undefined
  #halted: { reason: string; reopen: boolean } | undefined
  /** Changes of the log go one after the other. */
  #changing: Promise<void> = Promise.resolve()
  #stopWaiting: (() => void) | undefined
  #closing: Promise<void> | undefined

  private constructor(options: ClusteredStoreOptions) {
    this.#options = options
    const { clock, guard, admission, logger, retryDelayMs } = options
    this.#refusals = new MemberRefusals({ status: () => this.#member?.status, retryDelayMs })
    const logOptions: ReopenableLogOptions = {
      id: () => this.#current?.id ?? '',
      current: () => this.#open(),
      refusal: () => this.#refusal(),
      appendRefusal: () => this.#refusal() ?? guard.refusal(),
      close: () => this.close(0),
    }
    this.log = new ReopenableLog(logOptions)
    const forwarder = new Forwarder({ target: () => this.#forwardTarget(), clock, retryDelayMs })
    this.forwarded = forwarder.results
    this.forwardingLog = options.forward ? new ForwardingLog(logOptions, forwarder) : undefined
    this.#requests = new ForwardedRequests({
      log: this.log,
      admission,
      logger,
      tracing: new Tracing(),
      appliedLsn: () => this.#member?.status.replica.appliedLsn ?? 0,
    })
    this.cluster = new ClusterOperations({
      member: () => this.#member,
      elsewhere: () => this.#refusals.elsewhere(),
      fewestInSync: options.fewestInSync,
      clock,
    })
  }

  /** Rejects as `ClusterMember.open` does. */
  static async open(options: ClusteredStoreOptions): Promise<ClusteredStore> {
    const store = new ClusteredStore(options)
    await store.#openMember()
    return store
  }

  get isReadable(): boolean {
    return this.#current !== undefined
  }

  get state(): StoreState {
    if (this.#closing !== undefined) return { type: 'closed' }
    const { guard } = this.#options
    if (this.#halted !== undefined) {
      return { type: 'failed', reason: 'This member takes no part', cause: this.#halted.reason }
    }
    const replica = this.#member?.status.replica
    if (replica === undefined || this.#current === undefined) {
      return { type: 'catching-up', reason: 'This member has no log yet' }
    }
    const { role, problem, notWritable, leader } = replica
    if (role !== 'leader') {
      const { members } = this.#member!.status
      return followerState(replica, members.get(leader ?? '')?.address)
    }
    if (notWritable !== undefined) return { type: 'read-only', reason: notWritable }
    if (!this.#writes) return { type: 'catching-up', reason: 'The log is being opened' }
    const { reason } = guard
    if (reason !== undefined) return { type: 'read-only', reason }
    return { type: 'open', ...(problem !== undefined && { reason: problem }) }
  }

  /** Opens the member again where its disk failed and there is room, and a log that is missing. */
  async recover(): Promise<void> {
    // What fails once more is in the log then, and the next call tries again.
    await this.#change(() => this.#recover()).catch(() => undefined)
  }

  async #recover(): Promise<void> {
    if (this.#closing !== undefined) return
    if (this.#halted?.reopen === true && this.#options.guard.hasRoom) {
      return this.#reopenMember(this.#halted)
    }
    const log = this.#current
    // Who leads gets no snapshot: nobody but this is about to open the store.
    const isMissing = log === undefined && this.#leads !== undefined
    const failed = log !== undefined && this.#writes && this.#failed === log
    if (isMissing || failed) await this.#reopenLog()
  }

  async #reopenMember(halted: { reason: string; reopen: boolean }): Promise<void> {
    const before = this.#member
    this.#member = undefined
    await this.#closeLog()
    await before?.close()
    this.#halted = undefined
    try {
      await this.#openMember()
    } catch (error) {
      // A disk that fails may work again; what is damaged stays so.
      this.#halted = { ...halted, reopen: !(isGoetheError(error) && isDamage(error)) }
      throw error
    }
    this.#options.logger.info('The member was opened again')
  }

  async handOver(deadlineMs: number): Promise<void> {
    const replica = this.#member?.status.replica
    // Nobody follows one that leads because the configuration says so.
    const isAlone =
      replica?.role !== 'leader' || replica.inSync.length < 2 || replica.namedLeader !== undefined
    if (isAlone || deadlineMs === 0) return
    try {
      await this.cluster.handOver(replica.epoch, Math.min(deadlineMs, handOverMsMax))
    } catch (error) {
      this.#options.logger.warn({ error }, 'No other member leads yet')
    }
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<void> {
    await this.#changing
    if (!this.#writes) await this.#closeLog()
    // Writes that are under way are finished before the lead is given up.
    await this.#current?.close()
    await this.#member?.close(deadlineMs)
    await this.#closeLog()
  }

  async #openMember(): Promise<void> {
    const member = await this.#options.open({
      onLead: (epoch) => {
        this.#leads = epoch
        this.#options.logger.info({ epoch }, 'This member leads')
        void this.#change(() => this.#reopenLog())
      },
      onFollow: () => {
        this.#leads = undefined
        this.#options.logger.info('This member leads no more')
        void this.#change(() => this.#reopenLog())
      },
      onReplace: () => this.#change(() => this.#closeLog()),
      onReplaced: (store) => {
        this.#options.logger.info('The log was replaced by that of the leader')
        void this.#change(() => this.#use(store))
      },
      onHalt: (reason, reopen) => {
        this.#halted = { reason, reopen }
        this.#options.logger.error({ reason }, 'This member takes no part any more')
      },
    })
    this.#member = member
    member.onForward((_, request, signal) => this.#requests.answer(request, signal))
    await this.#use(member.store)
  }

  async #use(store: AppliedStore): Promise<void> {
    this.#store = store
    await this.#openLog()
  }

  /**
   * That of the member, which knows the leader by its name; clients need its addresses. It takes writes
   * for one lead: a log that was opened before another member led knows nothing of what that has written.
   */
  #replicationOf({ replication }: ClusterMember, lead: number | undefined): Replication {
    const withAddresses = (error: unknown): never => {
      throw isGoetheError(error, 'GOETHE_NOT_LEADER') ? this.#refusals.elsewhere() : error
    }
    return {
      propose: (operations) =>
        this.#leads === lead
          ? replication.propose(operations).catch(withAddresses)
          : Promise.reject(this.#refusals.elsewhere()),
      confirm: () =>
        lead === undefined && !this.#options.forward
          ? Promise.reject(this.#refusals.elsewhere())
          : replication.confirm().catch((error: unknown) => {
              // It may be tried again, as nothing was to be done.
              if (!isGoetheError(error, 'GOETHE_UNAVAILABLE')) return withAddresses(error)
              throw this.#refusals.unavailable(error.message, error)
            }),
      onApplied: (listener) => replication.onApplied(listener),
    }
  }

  async #reopenLog(): Promise<void> {
    await this.#closeLog()
    await this.#openLog()
  }

  async #closeLog(): Promise<void> {
    this.#stopWaiting?.()
    const log = this.#current
    this.#current = undefined
    this.#writes = false
    try {
      await log?.close()
    } catch (error) {
      this.#options.logger.warn({ error }, 'The log could not be closed properly')
    }
  }

  async #openLog(): Promise<void> {
    const [member, store] = [this.#member, this.#store]
    if (member === undefined || store === undefined || this.#closing !== undefined) return
    const { logOptions, logger, onCommit } = this.#options
    const lead = this.#leads
    const leads = lead !== undefined
    const level = new ReplicatedLevel(store, this.#replicationOf(member, lead))
    try {
      const log = await EventLog.open(level, {
        ...logOptions,
        ...(!leads && { readOnly: () => this.#refusals.elsewhere(), index: {} }),
      })
      log.on('error', (error) => {
        const isImporting = isGoetheError(error, 'GOETHE_IMPORT_INCOMPLETE')
        if (log.status().writable || isImporting) {
          logger.warn({ error }, 'The upkeep of the log failed')
          return
        }
        logger.warn({ error }, 'The log takes no writes until it is opened again')
        this.#failed = log
        this.#reopenWhenWritable(log)
      })
      log.on('deadLetter', ({ event, consumer, deadLetter, attempts }) => {
        const { topic, sequence } = event
        logger.warn({ topic, sequence, consumer, deadLetter, attempts }, 'An event was set aside')
      })
      if (onCommit !== undefined) log.on('commit', onCommit)
      this.#current = log
      this.#writes = leads
    } catch (error) {
      // A member that is new has none before the leader has made it.
      if (!leads && isGoetheError(error, 'GOETHE_INVALID_STORE')) return this.#openWhenApplied()
      logger.warn({ error }, 'The log could not be opened; it is tried again')
    }
  }

  /** What a write met that was refused passes by itself, and then nobody should have to wait. */
  #reopenWhenWritable(failed: EventLog): void {
    const { clock, retryDelayMs } = this.#options
    const again = (): void => {
      if (this.#current !== failed || !this.#writes) return
      if (this.#member?.status.replica.notWritable === undefined) void this.recover()
      else this.#reopenWhenWritable(failed)
    }
    clock.setTimer(again, retryDelayMs, 'background')
  }

  #openWhenApplied(): void {
    const stop = this.#member?.replication.onApplied(() => {
      stop?.()
      void this.#change(async () => {
        if (this.#current === undefined) await this.#openLog()
      })
    })
    this.#stopWaiting = stop
  }

  #change(work: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(work)
    this.#changing = changed.catch((error: unknown) => {
      this.#options.logger.error({ error }, 'The log of this member could not be changed over')
    })
    return changed
  }

  #open(): EventLog {
    if (this.#current !== undefined) return this.#current
    if (this.#closing !== undefined) throw new GoetheError('GOETHE_CLOSED', 'The log is closed')
    throw this.#refusals.unavailable('The log is being opened')
  }

  /** Why nothing at all can be written here; what is refused like this was not done. */
  #refusal(): GoetheError | undefined {
    if (this.#closing !== undefined) return undefined
    if (this.#leads !== undefined && this.#writes) {
      const reason = this.#member?.status.replica.notWritable
      return reason === undefined
        ? undefined
        : this.#refusals.unavailable(`The cluster takes no writes: ${reason}`)
    }
    return this.#refusals.elsewhere()
  }

  /** Who is asked to do what is written here, where that is another member that can be asked. */
  #forwardTarget(): ForwardTarget | undefined {
    const refusal = this.#refusal()
    const member = this.#member
    const leader = member?.status.replica.leader
    if (refusal?.code !== 'GOETHE_NOT_LEADER' || member === undefined || leader === undefined) {
      return undefined
    }
    return { member, leader, refusal }
  }
}
