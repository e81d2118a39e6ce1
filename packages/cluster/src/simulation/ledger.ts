/**
 * What is true, seen from outside: every entry that any member ever took for committed. The invariants
 * of the design (a to h) are held against it.
 */
import type { Effect } from '../replica/effect.js'
import type { JournalEntry } from '../replica/messages.js'
import type { ClusterRecord, MemberStore } from '../record.js'
import type { AppendPayload, CursorPayload, Payload } from './payload.js'
import type { SimulatedDisk } from './simulated-disk.js'
import { check } from './violation.js'

export class Ledger {
  // Entry n is at n - 1.
  #entries: JournalEntry[] = []
  readonly #leaders = new Map<number, string>()
  readonly #refused = new Set<number>()
  readonly #attempts = new Map<number, Payload>()
  readonly #producerSequences = new Map<number, AppendPayload[]>()
  /** The entries of each topic's events, in order. */
  readonly #topicEntries = new Map<number, number[]>()
  readonly #cursors = new Map<number, number>()
  #lastId = 0
  #acceptedLsn = 0
  #acknowledged = 0

  /**
   * `diskOf` finds the disk of a store, unless it was emptied; `record` is the coordinator's; what a store
   * may lack, as nobody can know yet that it lost it, goes up to `mayLackLsn`.
   */
  constructor(
    private readonly diskOf: (storeId: string) => SimulatedDisk | undefined,
    private readonly record: () => ClusterRecord | undefined,
    private readonly mayLackLsn: (storeId: string) => number,
  ) {}

  get lastLsn(): number {
    return this.#entries.length
  }

  /** The newest entry that anybody was told is committed. */
  get acceptedLsn(): number {
    return this.#acceptedLsn
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  entry(lsn: number): JournalEntry {
    return this.#entries[lsn - 1]!
  }

  /** a: an epoch has one leader, ever. */
  leads(epoch: number, incarnation: string): void {
    const leader = this.#leaders.get(epoch) ?? incarnation
    this.#leaders.set(epoch, leader)
    check(leader === incarnation, 'a', () => `epoch ${epoch} has two leaders`)
  }

  /** A member applies an entry, or is about to. b, c: the same one as everybody at this lsn. */
  committed(member: string, lsn: number, entry: JournalEntry | undefined): void {
    check(entry !== undefined, 'b', () => `${member} is to apply ${lsn}, which it does not have`)
    const known = this.#entries[lsn - 1]
    if (known === undefined) return this.#add(member, lsn, entry!)
    check(
      known.epoch === entry!.epoch && known.payload === entry!.payload,
      'c',
      () => `${member} applies ${described(entry!)}, others applied ${described(known)}`,
    )
  }

  /** g: whoever is in the set holds everything that is committed, safely. */
  checkSet(from = 1): void {
    const record = this.record()
    if (record === undefined || this.lastLsn === 0) return
    for (const store of record.inSync) {
      const disk = this.diskOf(store.storeId)
      const mayLackLsn = this.mayLackLsn(store.storeId)
      const first = Math.max(from, (disk?.base.lsn ?? 0) + 1, mayLackLsn + 1)
      if (disk !== undefined) this.#checkHolds(store, disk, first)
    }
  }

  /** Whether a disk has all that is committed. */
  isWhole(disk: SimulatedDisk): boolean {
    return this.#firstMissing(disk, disk.base.lsn + 1) === undefined
  }

  refused(attempt: number): void {
    this.#refused.add(attempt)
    check(!this.#attempts.has(attempt), 'e', () => `write ${attempt} was refused, but is stored`)
  }

  /** d: what is acknowledged is there, under the id that was told. */
  accepted(producer: number, producerSequence: number, told: Payload): void {
    const payload = this.#producerSequences.get(producer)?.[producerSequence - 1]
    check(
      payload !== undefined && payload === told,
      'd',
      () => `${producer}/${producerSequence} was acknowledged, but another one is stored`,
    )
    this.#acknowledged += 1
  }

  /** What is committed of a consumer's position. */
  cursor(consumer: number): number {
    return this.#cursors.get(consumer) ?? 0
  }

  /** d: a commit that was acknowledged is there. */
  cursorCommitted(consumer: number, topicSequence: number): void {
    check(
      this.cursor(consumer) >= topicSequence,
      'd',
      () => `consumer ${consumer} was told ${topicSequence}, stored is ${this.cursor(consumer)}`,
    )
  }

  /** How many events a reader finds behind `sequence` where `appliedLsn` is applied. */
  read(topic: number, sequence: number, appliedLsn: number): number {
    const entries = this.#topicEntries.get(topic) ?? []
    let end = sequence
    while (end < entries.length && entries[end]! <= appliedLsn) end += 1
    return end - sequence
  }

  /**
   * An operator accepts that a store leads which may lack entries. Those that it does not have are
   * lost; what is left has to be right as before. Says how many entries are left.
   */
  rewind(disk: SimulatedDisk): number {
    const missing = this.#firstMissing(disk, disk.base.lsn + 1)
    const entries = missing === undefined ? this.#entries : this.#entries.slice(0, missing.lsn - 1)
    for (const each of [
      this.#attempts,
      this.#producerSequences,
      this.#topicEntries,
      this.#cursors,
    ]) {
      each.clear()
    }
    this.#lastId = 0
    this.#entries = []
    for (const entry of entries) this.#take(entry)
    this.#acceptedLsn = Math.min(this.#acceptedLsn, this.lastLsn)
    return this.lastLsn
  }

  acceptedEntry({ lsn }: Extract<Effect, { type: 'accept' }>): void {
    check(lsn <= this.lastLsn, 'd', () => `entry ${lsn} was acknowledged before it was committed`)
    this.#acceptedLsn = Math.max(this.#acceptedLsn, lsn)
  }

  /** A linearizable read sees everything that was acknowledged before it began. */
  confirmed(lsn: number, acceptedLsnBefore: number): void {
    check(
      lsn >= acceptedLsnBefore,
      'd',
      () => `a linearizable read saw ${lsn} entries after ${acceptedLsnBefore} were acknowledged`,
    )
  }

  #add(member: string, lsn: number, entry: JournalEntry): void {
    check(
      lsn === this.lastLsn + 1,
      'b',
      () => `${member} commits ${lsn} after only ${this.lastLsn} were`,
    )
    this.#take(entry)
    const record = this.record()!
    // What a member had that was made to lead may have been committed before, in a set that was large enough.
    const mayBeOlder = lsn <= (record.recovery?.lsn ?? 0)
    check(
      mayBeOlder || record.inSync.length >= record.minInSync,
      'g',
      () => `entry ${lsn} is committed with ${record.inSync.length} in sync`,
    )
    this.checkSet(lsn)
  }

  #take(entry: JournalEntry): void {
    this.#entries.push(entry)
    const payload = entry.payload as Payload | undefined
    if (payload === undefined) return
    const { attempt } = payload
    this.#attempts.set(attempt, payload)
    check(!this.#refused.has(attempt), 'e', () => `write ${attempt} was refused, now it is there`)
    if (payload.type === 'append') this.#takeAppend(payload)
    else this.#takeCursor(payload)
  }

  #takeCursor({ consumer, topic, topicSequence }: CursorPayload): void {
    const [cursor, events] = [this.cursor(consumer), this.#topicEntries.get(topic)?.length ?? 0]
    check(
      topicSequence > cursor && topicSequence <= events,
      'f',
      () => `consumer ${consumer} goes from ${cursor} to ${topicSequence} of ${events}`,
    )
    this.#cursors.set(consumer, topicSequence)
  }

  #takeAppend(payload: AppendPayload): void {
    const { producer, producerSequence, id, topic, topicSequence } = payload
    check(id > this.#lastId, 'f', () => `id ${id} came after ${this.#lastId}`)
    this.#lastId = id
    const events = this.#topicEntries.get(topic) ?? []
    this.#topicEntries.set(topic, events)
    const expected = events.push(this.lastLsn)
    check(topicSequence === expected, 'f', () => `topic ${topic}: ${topicSequence} at ${expected}`)
    const stored = this.#producerSequences.get(producer) ?? []
    this.#producerSequences.set(producer, stored)
    stored.push(payload)
    check(
      producerSequence === stored.length,
      'f',
      () => `producer ${producer}: ${producerSequence} was stored as number ${stored.length}`,
    )
  }

  #checkHolds({ member }: MemberStore, disk: SimulatedDisk, from: number): void {
    const missing = this.#firstMissing(disk, from)
    check(missing === undefined, 'g', () => {
      const held = disk.safeEntry(missing!.lsn)
      const has = held === undefined ? `it ends at ${disk.safeLsn}` : `it has ${described(held)}`
      return `${member} is in sync without ${described(missing!)}: ${has}`
    })
  }

  #firstMissing(disk: SimulatedDisk, from: number): JournalEntry | undefined {
    for (let lsn = from; lsn <= this.lastLsn; lsn++) {
      const [held, entry] = [disk.safeEntry(lsn), this.entry(lsn)]
      if (held?.epoch !== entry.epoch || held.payload !== entry.payload) return entry
    }
    return undefined
  }
}

function described({ lsn, epoch, payload }: JournalEntry): string {
  const text = payload === undefined ? 'mark' : `write ${(payload as Payload).attempt}`
  return `${lsn} of epoch ${epoch} (${text})`
}
