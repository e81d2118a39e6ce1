/**
 * The replicated write-ahead log on disk. Entries are appended to segments, files of about 64 MiB,
 * with a checksum each; what arrives while a write is made durable shares the next one. Nothing
 * that was written is overwritten: a truncation is one more group that says where to go on. So a
 * crash can only cut off the end, and anything else that does not fit is reported as damage.
 *
 * Why files of its own, and not keys of the member's LevelDB, which holds the same operations once
 * applied: measured as journal with fdatasync plus applying without (2 cores, Node 20, ext4, medians
 * of five interleaved runs; each one syncs per line):
 *
 *                                   one entry of 105 kB     100 entries of 200 bytes
 *     store alone (one machine)     112 MB/s    1.8 x       28 MB/s    1.4 x
 *     journal as keys of LevelDB     60 MB/s    4.1 x       14 MB/s    2.7 x
 *     journal as segments           108 MB/s    2.9 x       26 MB/s    2.5 x
 *     segments, allocated ahead     118 MB/s    3.0 x       22 MB/s    2.5 x
 *
 * (the second number is what the disk was given for each byte of operations; the machine was not
 * quiet, so read them as ratios). Keys cost half of the throughput: each operation goes twice through
 * LevelDB's log, and through its tables before it is trimmed, while a segment is just removed. Space
 * allocated ahead as a sparse file gains nothing. Filled with zeros ahead, it spares the file system's
 * own journal: 20 against 10 MB/s for the small ones on a busy disk, for one more write of each byte.
 * Three members on two cores became a tenth slower by it with batches of 130 kB: their syncs took half
 * of the time, but what the zeros cost in CPU was missing elsewhere. (All of this was taken by hand.)
 */
import { GoetheError } from '@goethe/core'
import { type DurableFacts, noFacts } from '../replica/facts.js'
import { EpochHistory } from '../replica/epoch-history.js'
import type { SizeMark } from '../replica/journal-sizes.js'
import type { Position } from '../replica/position.js'
import type { Disk } from './disk.js'
import { encodeGroup } from './group.js'
import { type JournalMeta, metaName, readMeta, writeMeta } from './journal-meta.js'
import { LiveEntries } from './live-entries.js'
import { openSegments } from './open-segments.js'
import { readEntries } from './read-entries.js'
import { segmentName, segmentNumber } from './segment-header.js'
import { type Segment, createSegment } from './segment.js'
import type { StoredEntry } from './stored-entry.js'

export interface JournalOptions {
  readonly disk: Disk
  /** Makes ids for an empty directory; a UUID. */
  newStoreId(): string
  /** A random whole number below 2^32. */
  newSalt(): number
  /** A segment that has grown to this is followed by another one. Default 64 MiB. */
  readonly segmentBytes?: number
  /** Bytes of entries that are made durable together, at most. Default 8 MiB. */
  readonly groupBytesMax?: number
}

const segmentBytesDefault = 64 * 1024 * 1024
const groupBytesMaxDefault = 8 * 1024 * 1024

interface Step {
  /** Entries to append, which may share a group with those of the next step; or something else. */
  readonly entries?: readonly StoredEntry[]
  run?(): Promise<void>
  resolve(): void
  reject(error: unknown): void
}

export class Journal {
  readonly #disk: Disk
  readonly #options: JournalOptions
  readonly #live: LiveEntries
  #meta: JournalMeta
  /** In order; the last one is written to. */
  #segments: Segment[]
  /** What is durable once all that was submitted is done. */
  #submitted: EpochHistory
  #steps: Step[] = []
  #running = false
  #working: Promise<void> | undefined
  readonly #reads = new Set<Promise<unknown>>()
  #failure: GoetheError | undefined
  #closing: Promise<void> | undefined

  private constructor(
    options: JournalOptions,
    meta: JournalMeta,
    segments: Segment[],
    live: LiveEntries,
  ) {
    this.#options = options
    this.#disk = options.disk
    this.#meta = meta
    this.#segments = segments
    this.#live = live
    this.#submitted = new EpochHistory(live.epochs.base, live.epochs.ends)
  }

  /**
   * Opens the journal, or makes one in an empty directory, and verifies all of it. A write that a
   * crash cut off is cut away. Rejects with GOETHE_CORRUPT where something that was durable is not
   * what was written, GOETHE_FORMAT for a format of another version.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { disk } = options
    const meta = (await readMeta(disk)) ?? (await newMeta(options))
    const { segments, live } = await openSegments(disk, meta)
    if (segments.length === 0) {
      const header = { number: 1, salt: options.newSalt(), previous: live.epochs.base }
      segments.push(await createSegment(disk, header))
    }
    return new Journal(options, meta, segments, live)
  }

  get meta(): JournalMeta {
    return this.#meta
  }

  /** The durable entries: what stands before the first, and where each epoch ends. */
  get epochs(): EpochHistory {
    return this.#live.epochs
  }

  /** How large the operations of the durable entries are, ascending. */
  get sizes(): readonly SizeMark[] {
    return this.#live.sizes.marks
  }

  /** The last durable entry; where there is none, what stands before the first. */
  get last(): Position {
    return this.#live.last
  }

  /** The write failure after which the journal takes nothing more until it is opened again. */
  get failure(): GoetheError | undefined {
    return this.#failure
  }

  /**
   * Appends entries that follow the last one submitted. Resolves when they are durable. Rejects with
   * GOETHE_WRITE_FAILED; then whether they are stored is known once the journal was opened again.
   */
  append(entries: readonly StoredEntry[]): Promise<void> {
    if (entries.length === 0) return this.#submit({ run: () => Promise.resolve() })
    for (const entry of entries) this.#submitted.append(entry)
    return this.#submit({ entries })
  }

  /** Drops every entry behind `lsn`. Resolves when that is durable. */
  async truncate(lsn: number): Promise<void> {
    this.#submitted.truncate(lsn)
    await this.#submit({
      run: async () => {
        if (lsn < this.last.lsn) await this.#restart({ lsn, epoch: this.epochs.epochAt(lsn) })
      },
    })
  }

  /** Drops everything and goes on behind a place: what a snapshot ends with. */
  async reset(place: Position): Promise<void> {
    this.#submitted = new EpochHistory(place)
    await this.#submit({
      run: async () => {
        await this.#restart(place)
        await this.#rotate()
        await this.#trim(place.lsn + 1)
      },
    })
  }

  /** Allows entries below `lsn` to be dropped; it is done by whole segments. */
  async trim(lsn: number): Promise<void> {
    await this.#submit({ run: () => this.#trim(lsn) })
  }

  /** Keeps the facts in place of those before. Resolves when that is durable. */
  async writeFacts(facts: DurableFacts): Promise<void> {
    await this.#submit({ run: () => this.#writeMeta(facts) })
  }

  /**
   * Durable entries from `lsn` on: at least one, and beyond that about `bytesMax` bytes, more only
   * where they were written together: what is read is verified as a whole, so handing out a
   * part of it would mean to read it again. An empty array at the end, undefined when the entry is
   * not held any more. Rejects with GOETHE_CORRUPT when they are not what was written.
   */
  async read(lsn: number, bytesMax: number): Promise<StoredEntry[] | undefined> {
    this.#assertOpen()
    if (lsn <= this.epochs.base.lsn) return undefined
    const found = this.#live.find(lsn, bytesMax)
    if (found === undefined) return []
    const segment = this.#segments.find(({ header }) => header.number === found.segment)!
    const reading = readEntries(segment, found, lsn)
    this.#reads.add(reading)
    try {
      return await reading
    } finally {
      this.#reads.delete(reading)
    }
  }

  /** Ends what is under way and closes the files. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#working
    await Promise.allSettled(this.#reads)
    try {
      if (this.#failure === undefined) await this.#writeMeta()
    } finally {
      await Promise.all(this.#segments.map(({ file }) => file.close()))
    }
  }

  #submit(step: Pick<Step, 'entries' | 'run'>): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(sameFailure(this.#failure))
    this.#assertOpen()
    return new Promise((resolve, reject) => {
      this.#steps.push({ ...step, resolve, reject })
      if (this.#running) return
      this.#running = true
      this.#working = this.#work()
    })
  }

  async #work(): Promise<void> {
    // What is submitted in the same turn shares a group.
    await Promise.resolve()
    while (this.#steps.length > 0) {
      const steps = this.#nextSteps()
      try {
        if (steps[0]!.run !== undefined) await steps[0]!.run()
        else await this.#appendGroup(steps.flatMap(({ entries }) => entries!))
      } catch (error) {
        this.#fail(error, steps)
        break
      }
      for (const { resolve } of steps) resolve()
    }
    this.#running = false
  }

  /** The next step, with the appends behind it that fit into the same group. */
  #nextSteps(): Step[] {
    const max = this.#options.groupBytesMax ?? groupBytesMaxDefault
    let count = 0
    let bytes = 0
    while (count < this.#steps.length) {
      const { entries } = this.#steps[count]!
      if (entries === undefined) break
      bytes += entries.reduce((sum, { operations }) => sum + operations.length, 0)
      if (count > 0 && bytes > max) break
      count++
    }
    return this.#steps.splice(0, Math.max(count, 1))
  }

  async #appendGroup(entries: readonly StoredEntry[]): Promise<void> {
    const max = this.#options.segmentBytes ?? segmentBytesDefault
    if (this.#segments.at(-1)!.end >= max) await this.#rotate()
    const segment = this.#segments.at(-1)!
    const offset = await this.#write(segment, encodeGroup('entries', entries, segment.header.salt))
    this.#live.add(segment.header.number, offset, segment.end, entries)
  }

  async #restart(place: Position): Promise<void> {
    const mark = { lsn: place.lsn + 1, epoch: place.epoch, operations: new Uint8Array(0) }
    const segment = this.#segments.at(-1)!
    await this.#write(segment, encodeGroup('restart', [mark], segment.header.salt))
    this.#live.restart(place)
  }

  async #write(segment: Segment, parts: readonly Uint8Array[]): Promise<number> {
    const offset = segment.end
    await segment.file.write(offset, parts)
    await segment.file.sync()
    for (const { length } of parts) segment.end += length
    return offset
  }

  async #rotate(): Promise<void> {
    const number = this.#segments.at(-1)!.header.number + 1
    const header = { number, salt: this.#options.newSalt(), previous: this.last }
    this.#segments.push(await createSegment(this.#disk, header))
    // So that a segment that goes missing is noticed.
    await this.#writeMeta()
  }

  async #trim(lsn: number): Promise<void> {
    for (;;) {
      const oldest = this.#segments[0]!
      const { number } = oldest.header
      if (this.#segments.length === 1 || !this.#live.isBelow(number, lsn)) return
      await this.#removeSegment(oldest)
    }
  }

  async #removeSegment(segment: Segment): Promise<void> {
    this.#live.dropSegment(segment.header.number)
    this.#submitted.trim(this.epochs.base.lsn)
    this.#segments.shift()
    await Promise.allSettled(this.#reads)
    await segment.file.close()
    // First it is known that the segment is trimmed, so that one that goes missing is noticed.
    await this.#writeMeta()
    await this.#disk.remove(segmentName(segment.header.number))
    await this.#disk.syncDirectory()
  }

  async #writeMeta(facts = this.#meta.facts): Promise<void> {
    const { header, end } = this.#segments.at(-1)!
    const durable = { segment: header.number, offset: end }
    const first = this.#segments[0]!.header.number
    const meta = { storeId: this.#meta.storeId, facts, first, durable }
    await writeMeta(this.#disk, meta)
    this.#meta = meta
  }

  #fail(error: unknown, steps: readonly Step[]): void {
    this.#failure =
      error instanceof GoetheError
        ? error
        : new GoetheError(
            'GOETHE_WRITE_FAILED',
            `The journal could not be written: ${(error as Error).message}; ` +
              `what of it is stored is known once it was opened again`,
            { cause: error },
          )
    for (const { reject } of [...steps, ...this.#steps]) reject(sameFailure(this.#failure))
    this.#steps = []
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new GoetheError('GOETHE_CLOSED', 'The journal was closed')
  }
}

async function newMeta(options: JournalOptions): Promise<JournalMeta> {
  const names = await options.disk.list()
  if (names.some((name) => segmentNumber(name) !== undefined)) {
    throw new GoetheError(
      'GOETHE_CORRUPT',
      `The journal is damaged: its file \`${metaName}\` is missing`,
    )
  }
  const meta = {
    storeId: options.newStoreId(),
    facts: noFacts,
    first: 1,
    durable: { segment: 0, offset: 0 },
  }
  await writeMeta(options.disk, meta)
  return meta
}

function sameFailure({ code, message, cause }: GoetheError): GoetheError {
  return new GoetheError(code, message, { cause })
}
