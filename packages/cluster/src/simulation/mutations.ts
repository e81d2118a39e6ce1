/**
 * The rules of the design, each broken on purpose. Some seed among the first few thousand must notice
 * each of them: a checker that has never seen a mistake proves nothing.
 */
import { noFacts } from '../replica/facts.js'
import type { Rules } from '../replica/rules.js'
import type { Mutation } from './world.js'

export const mutations: Record<string, Mutation> = {
  'acknowledges before a follower has it (4)': {
    rules: { committedLsn: (ownLsn) => ownLsn },
  },
  'acknowledges before the fsync (4)': {
    rules: { acknowledgedLsn: ({ last }) => last.lsn },
  },
  // A promise and a read at the start are each enough, so both are broken.
  'forgets what it promised, and answers before it has read the record (2)': {
    rules: {
      restore: ({ clusterId }) => ({ ...noFacts, clusterId }),
      answersUninformed: () => true,
    },
  },
  'asks without a promise, and answers before it has read the record (2)': {
    rules: { fence: ({ seenEpoch }) => seenEpoch, answersUninformed: () => true },
  },
  'acts on a promise that is not on disk, and answers before it has read the record (2)': {
    rules: { isDurable: () => true, answersUninformed: () => true },
  },
  'lets a store lead that is not in the set (1)': {
    rules: { mayLead: () => true },
  },
  'shrinks the set below minInSync (5)': {
    rules: { fewest: () => 1 },
  },
  'commits before a change of the set is known (5)': {
    rules: { needed: (known, attempts) => (attempts.at(-1) ?? known).inSync },
  },
  'trusts a lost change (5)': {
    rules: {
      outcome: (outcome) =>
        outcome.outcome === 'unknown' ? { outcome: 'changed', token: 'unknown' } : outcome,
    },
  },
  'takes a refusal for the word that nothing was done (5)': {
    rules: { afterRefusal: (attempts) => attempts.slice(0, -1) },
  },
  'takes an older record of its epoch for its own (5)': {
    rules: { isWritten: () => true },
  },
  'believes of a store that came back what it acknowledged before (4)': {
    rules: { heldAnew: (heldLsn) => heldLsn },
  },
  'adds a member before its acknowledgement counts (6)': {
    rules: { needed: (known) => known.inSync },
  },
  'adds a member without the mark of the epoch (6)': {
    rules: { mayJoin: (heldLsn, commitLsn) => heldLsn >= commitLsn },
  },
  'lets a store join again that an operator took out': {
    rules: { isRemoved: () => false },
  },
  'asks for more copies than there are': {
    rules: { mayNeed: () => true },
  },
  'takes appends before the mark of the epoch is applied (8)': {
    rules: { leads: () => true },
  },
  'truncates by lsn alone (9)': {
    rules: {
      reconcile(leader, last) {
        if (last.lsn < leader.base.lsn) return { type: 'snapshot' }
        if (last.lsn <= leader.last.lsn) return { type: 'settled' }
        return { type: 'truncate', epoch: last.epoch, lsn: leader.last.lsn }
      },
    },
  },
  'applies before its journal is in line with the leader (9)': {
    rules: { applicableLsn: (commitLsn, { last }) => Math.min(commitLsn, last.lsn) },
  },
  'trims what it has not applied itself (9)': {
    rules: { trimLsn: () => Infinity },
  },
  'says that what was under way was not done (11)': {
    rules: { afterTheLead: () => ({ code: 'NOT_LEADER' }) },
  },
  'makes a new record where somebody deleted that of its cluster (12)': {
    rules: { mayCreate: () => true },
  },
  'leads in an epoch that somebody may have led before the record was lost (1)': {
    rules: { epochBehind: (known) => known + 1 },
  },
  'leads on after a restart as if it had not been away (12)': {
    rules: { isOwn: (leader, { storeId }) => leader?.storeId === storeId },
  },
  'confirms its lead without the others': {
    rules: { confirmed: () => Infinity },
  },
  'answers a linearizable read before it has applied what was confirmed': {
    rules: { isReadable: () => true },
  },
  'takes the answer to an earlier question for that to a later one': {
    rules: { isAnswered: () => true },
  },
  'reuses the store id of an emptied disk': { reusesStoreIds: true },
}

/**
 * Rules that none of these breaks. A member that withdraws its promise while its request may yet
 * succeed acknowledges only what it has itself, and it is the one that leads then; so no seed noticed
 * that, among several thousand, and it is kept to be sure.
 */
export const unbroken: readonly (keyof Rules)[] = ['attemptFailed']
