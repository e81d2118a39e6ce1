/**
 * The decisions on which safety rests, each a small function. A simulation breaks them one by one,
 * to see whether its checks notice.
 */
import type { ChangeOutcome } from '../coordinator/coordinator.js'
import type { ClusterRecord, Leader, MemberStore } from '../record.js'
import type { Refusal } from './effect.js'
import type { EpochHistory } from './epoch-history.js'
import type { DurableFacts } from './facts.js'
import type { JournalIndex } from './journal-index.js'
import type { Reconciled, Sender } from './messages.js'
import type { Position } from './position.js'

export interface Rules {
  /** What a restart finds of the promises made before it (rule 2). */
  restore(facts: DurableFacts): DurableFacts
  /** Whether what a member must not forget is on disk, so that it may act on it (rule 2). */
  isDurable(persistedTicket: number, lastTicket: number): boolean
  /** The lowest epoch whose messages are taken (rule 2). */
  fence(facts: DurableFacts): number
  /** Whether a member may make a record where there is none (rule 12). */
  mayCreate(clusterId: string | undefined, peersVirgin: boolean): boolean
  /** An epoch that nobody has led, where `known` is the last one known here and the record is lost. */
  epochBehind(known: number): number
  /** Whether this store may try to lead by this record (rule 1). */
  mayLead(record: ClusterRecord, storeId: string): boolean
  /** The fewest stores that the record may be left with (rules 1 and 5). */
  fewest(record: ClusterRecord): number
  /** Whose acknowledgement commit needs, where the record may be any of these (rules 4 to 6). */
  needed(known: ClusterRecord, attempts: readonly ClusterRecord[]): readonly MemberStore[]
  /** What a member may say that it holds (rule 4). */
  acknowledgedLsn(journal: JournalIndex): number
  /** What every needed store holds: `held` has one lsn for each (rule 4). */
  committedLsn(ownLsn: number, held: readonly number[]): number
  /** What a store still holds that is known to have held something, by its new process' word (rule 4). */
  heldAnew(heldLsn: number, lastLsn: number): number
  /** Whether a follower outside of the set may join it (rule 6). */
  mayJoin(heldLsn: number, commitLsn: number, markLsn: number): boolean
  /** Whether so many stores may be asked for from now on. */
  mayNeed(record: ClusterRecord, minInSync: number): boolean
  /** Whether an operator took this store out, so that it does not join. */
  isRemoved(record: ClusterRecord, storeId: string): boolean
  /** Which attempts to change the record may have happened, after the latest was refused (rule 5). */
  afterRefusal(attempts: readonly ClusterRecord[]): readonly ClusterRecord[]
  /** Whether it is this very process that leads by a record, and not one before it (rule 12). */
  isOwn(leader: Leader | undefined, self: Sender): boolean
  /** What those are told whose proposals are under way when the lead is lost (rule 11). */
  afterTheLead(): Refusal
  /** Whether a record of its epoch is one that the leader may have written, and not an older one. */
  isWritten(found: ClusterRecord, written: readonly ClusterRecord[]): boolean
  /** How an attempt to change the record is taken to have ended. */
  outcome(outcome: ChangeOutcome): ChangeOutcome
  /** The answer to a follower whose journal ends at `last` (rule 9). */
  reconcile(leader: EpochHistory, last: Position): Reconciled['answer']
  /** Whether a leader has applied all that came before it, so that it may take appends (rule 8). */
  leads(appliedLsn: number, markLsn: number): boolean
  /** The latest question that all have answered: `answers` has one for each needed store. */
  confirmed(answers: readonly number[]): number
  /** Whether a linearizable read may begin that has to show what is committed up to `lsn`. */
  isReadable(appliedLsn: number, lsn: number): boolean
  /** Whether an answer counts for a read since which `asked` was the first question of the leader. */
  isAnswered(asked: number | undefined, answered: number): boolean
  /** Whether a member may answer leaders although it has not read the record since its start (rule 2). */
  answersUninformed(): boolean
  /** Up to where journals may be trimmed: `flushed` has one lsn for each needed store (rule 9). */
  trimLsn(flushed: readonly number[]): number
  /** Whether it is known that the attempt which named `token` can no longer succeed (rule 2). */
  attemptFailed(token: string | undefined, tokenNow: string): boolean
  /** Up to where a follower may apply (rule 9): what it holds, in this epoch settled. */
  applicableLsn(commitLsn: number, journal: JournalIndex, settled: boolean): number
}

/**
 * So many leaderships may there have been that a member has not heard of, where nobody can tell it any
 * more: two of the same epoch would take entries of each other for their own.
 */
const unheardEpochs = 1_000

export const rules: Rules = {
  restore: (facts) => facts,
  isDurable: (persistedTicket, lastTicket) => persistedTicket === lastTicket,
  fence: ({ seenEpoch, attempt, granted }) =>
    Math.max(seenEpoch, attempt?.epoch ?? 0, granted?.epoch ?? 0),
  mayCreate: (clusterId, peersVirgin) => clusterId === undefined && peersVirgin,
  epochBehind: (known) => known + unheardEpochs,
  mayLead: ({ inSync }, storeId) => inSync.some((store) => store.storeId === storeId),
  fewest: ({ minInSync }) => minInSync,
  needed: (known, attempts) => unionOf([known, ...attempts]),
  acknowledgedLsn: ({ durableLsn }) => durableLsn,
  committedLsn: (ownLsn, held) => Math.min(ownLsn, ...held),
  heldAnew: (heldLsn, lastLsn) => Math.min(heldLsn, lastLsn),
  mayJoin: (heldLsn, commitLsn, markLsn) => heldLsn >= commitLsn && heldLsn >= markLsn,
  mayNeed: ({ inSync }, minInSync) => minInSync <= inSync.length,
  isRemoved,
  afterRefusal: (attempts) => attempts,
  isOwn: (leader, { incarnation }) => leader?.incarnation === incarnation,
  afterTheLead: () => ({ code: 'OUTCOME_UNKNOWN' }),
  isWritten: (found, written) => written.some((record) => isSame(record, found)),
  outcome: (outcome) => outcome,
  reconcile(leader, last) {
    const end = leader.endOf(last.epoch)
    if (end === undefined) return { type: 'snapshot' }
    if (end.epoch < last.epoch || end.lsn < last.lsn) return { type: 'truncate', ...end }
    return last.lsn < leader.base.lsn ? { type: 'snapshot' } : { type: 'settled' }
  },
  leads: (appliedLsn, markLsn) => appliedLsn >= markLsn,
  confirmed: (answers) => Math.min(Infinity, ...answers),
  isReadable: (appliedLsn, lsn) => appliedLsn >= lsn,
  isAnswered: (asked, answered) => asked !== undefined && asked <= answered,
  answersUninformed: () => false,
  trimLsn: (flushed) => Math.min(...flushed),
  attemptFailed: (token, tokenNow) => token !== tokenNow,
  applicableLsn: (commitLsn, { last }, settled) => (settled ? Math.min(commitLsn, last.lsn) : 0),
}

export function isRemoved({ removed = [] }: ClusterRecord, storeId: string): boolean {
  return removed.some((store) => store.storeId === storeId)
}

/** Whether two records of an epoch say the same; renewals and the order of stores left aside. */
function isSame(one: ClusterRecord, other: ClusterRecord): boolean {
  return (
    one.leader?.incarnation === other.leader?.incarnation &&
    one.minInSync === other.minInSync &&
    isSameStores(one.inSync, other.inSync) &&
    isSameStores(one.removed ?? [], other.removed ?? [])
  )
}

function isSameStores(ones: readonly MemberStore[], others: readonly MemberStore[]): boolean {
  const ids = new Set(ones.map(({ storeId }) => storeId))
  return ids.size === others.length && others.every(({ storeId }) => ids.has(storeId))
}

/** Every store that is in one of these records' sets. */
export function unionOf(records: readonly Pick<ClusterRecord, 'inSync'>[]): readonly MemberStore[] {
  if (records.length === 1) return records[0]!.inSync
  const stores = new Map<string, MemberStore>()
  for (const { inSync } of records) {
    for (const store of inSync) stores.set(store.storeId, store)
  }
  return [...stores.values()]
}
