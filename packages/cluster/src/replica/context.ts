/** What a member is and holds, whichever role it plays. */
import { Applier } from './applier.js'
import { CoordinatorAccess } from './coordinator-access.js'
import type { Effect } from './effect.js'
import { Facts } from './facts.js'
import { JournalIndex } from './journal-index.js'
import type { PeerMessage, PeerMessageBody, Sender } from './messages.js'
import { type ReplicaOptions, type RestoredState, sizeStepBytes } from './options.js'

export interface Context {
  readonly options: ReplicaOptions
  readonly self: Sender
  readonly facts: Facts
  readonly journal: JournalIndex
  readonly applier: Applier
  readonly coordinator: CoordinatorAccess
  /** Names of the other members, as discovered. */
  peers: readonly string[]
  /** Every discovered peer was heard from and has never belonged to a cluster. */
  peersVirgin: boolean
  /**
   * Number of the latest question about the journal. It begins anywhere, so that a late answer to a
   * former process is not taken for one to this.
   */
  request: number
  /** Milliseconds that this process has observed; a pause counts little. */
  nowMs: number
  /** The driver's clock at the last tick, in which pauses count; undefined before the first one. */
  clockMs: number | undefined
  emit(effect: Effect): void
  send(to: string, epoch: number, body: PeerMessageBody, toStoreId?: string): void
  /** Stops everything here. */
  halt(reason: string, reopen?: boolean): void
}

/** What a member is and holds as it starts. */
export function contextOf(
  options: ReplicaOptions,
  restored: RestoredState,
  { emit, halt }: Pick<Context, 'emit' | 'halt'>,
): Context {
  const { member, storeId, incarnation } = options
  const journal = new JournalIndex(restored.journal, sizeStepBytes(options.limits))
  const context: Context = {
    options,
    self: { member, storeId, incarnation },
    facts: new Facts(restored.facts, options.rules, emit),
    journal,
    applier: new Applier(restored.appliedLsn, journal, emit),
    coordinator: new CoordinatorAccess(emit),
    peers: [],
    peersVirgin: false,
    request: Math.floor(options.random() * 2 ** 31),
    nowMs: 0,
    clockMs: undefined,
    emit,
    send: (to, epoch, body, toStoreId) => {
      const message: PeerMessage = { ...envelope(context, epoch), toStoreId, body }
      emit({ type: 'send', to, message })
    },
    halt,
  }
  return context
}

/** The envelope of everything this member says in an epoch. */
export function envelope(context: Context, epoch: number): Omit<PeerMessage, 'body'> {
  return { from: context.self, clusterId: context.facts.clusterId!, epoch }
}
