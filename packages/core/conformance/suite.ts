/**
 * What every part of the suite is written against: `test` states one fact about one fresh log.
 * What only some logs have (a clock that the test moves, a store to open again, the embedded log
 * itself) is a trait; a test that needs one that is not there is not declared at all.
 */
import type { AbstractLevel } from 'abstract-level'
import type { EventLogApi } from '../src/api.js'
import { type Database, rootOf } from '../src/database.js'
import type { EventLog } from '../src/event-log.js'
import type { EventLogOptions } from '../src/options.js'
import { type ManualClock, manualClock } from '../src/testing.js'
import { assert } from './assert.js'

/** What a log under test has beyond the contract. */
export type Trait =
  /** It takes the clock that `open` is given, and no other. */
  | 'clock'
  /** It can be closed and opened again with all that it holds. */
  | 'reopen'
  /** It is an EventLog in this process, whose database the test may use too. */
  | 'embedded'

/** The database of a log under test, with all that a store of abstract-level has. */
export type TestDatabase = AbstractLevel<any, any, any>

/** How a test wants its log: options of EventLog, for the log itself or the one behind a server. */
export type OpenOptions = Omit<EventLogOptions, 'clock'> & { clock: ManualClock }

/** A log under test, as `open` hands it out. */
export interface OpenedLog {
  log: EventLogApi
  /** With the trait 'embedded'. */
  database?: Database
  /** With the trait 'reopen': opens what was closed again. */
  reopen?(options: OpenOptions): Promise<OpenedLog>
  /** Called once the log is closed: removes what it stored. */
  remove?(): Promise<void>
}

/** The functions of a test framework: vitest, Jest, Mocha and node:test have them all. */
export interface TestFunctions {
  describe(title: string, body: () => void): unknown
  it(title: string, body: () => Promise<void>): unknown
}

export interface ConformanceOptions extends TestFunctions {
  /** Names the log under test. */
  name: string
  /** Opens a fresh, empty log each time that it is called. */
  open(options: OpenOptions): Promise<OpenedLog>
  /** Default: none. */
  traits?: readonly Trait[]
}

export type TestBody = (subject: Subject) => Promise<void>

export interface TestNeeds {
  needs?: readonly Trait[]
  /** How the log is opened. */
  options?: Omit<OpenOptions, 'clock'>
}

/** Declares tests, each with a fresh log. */
export class Suite {
  readonly #options: ConformanceOptions
  /** What the group that is being declared holds. */
  #declarations: (() => void)[] | undefined

  constructor(options: ConformanceOptions) {
    this.#options = options
  }

  /** A group whose tests all need what the log lacks is not declared: frameworks want some in each. */
  readonly group = (title: string, body: () => void): void => {
    const outer = this.#declarations
    const own: (() => void)[] = []
    this.#declarations = own
    body()
    this.#declarations = outer
    if (own.length === 0) return
    const declare = (): void => {
      this.#options.describe(title, () => {
        for (const declaration of own) declaration()
      })
    }
    if (outer === undefined) declare()
    else outer.push(declare)
  }

  /** Declares one fact. Not declared where the log lacks a trait that it needs. */
  readonly test = (title: string, ...rest: [TestBody] | [TestNeeds, TestBody]): void => {
    const [{ needs = [], options = {} }, body] = rest.length === 1 ? [{}, rest[0]] : rest
    const traits = this.#options.traits ?? []
    if (needs.some((trait) => !traits.includes(trait))) return
    const declare = (): void => {
      this.#options.it(title, async () => {
        const subject = await Subject.open(this.#options.open, options)
        try {
          await body(subject)
        } finally {
          await subject.close()
        }
      })
    }
    if (this.#declarations === undefined) declare()
    else this.#declarations.push(declare)
  }
}

/** The log of one test. */
export class Subject {
  readonly clock: ManualClock
  readonly #open: ConformanceOptions['open']
  readonly #others: Subject[] = []
  #opened: OpenedLog

  private constructor(open: ConformanceOptions['open'], opened: OpenedLog, clock: ManualClock) {
    this.#open = open
    this.#opened = opened
    this.clock = clock
  }

  static async open(
    open: ConformanceOptions['open'],
    options: Omit<OpenOptions, 'clock'>,
  ): Promise<Subject> {
    const clock = manualClock()
    return new Subject(open, await open({ ...options, clock }), clock)
  }

  get log(): EventLogApi {
    return this.#opened.log
  }

  /** The log as what only the embedded one is. */
  get embedded(): EventLog {
    return this.#opened.log as EventLog
  }

  get database(): TestDatabase {
    assert(this.#opened.database !== undefined, "open() gives no database, as 'embedded' asks")
    return this.#opened.database as unknown as TestDatabase
  }

  /** One more empty log, which is closed with this one. */
  async another(options: Omit<OpenOptions, 'clock'> = {}): Promise<Subject> {
    const other = await Subject.open(this.#open, options)
    this.#others.push(other)
    return other
  }

  /** Closes the log and opens it again; with 'embedded', `between` may use the database. */
  async reopen(
    options: Omit<OpenOptions, 'clock'> = {},
    between?: () => Promise<void>,
  ): Promise<void> {
    assert(this.#opened.reopen !== undefined, "open() gives no reopen(), as 'reopen' asks")
    await this.log.close()
    if (between !== undefined) {
      const { database } = this
      const { root } = rootOf(database)
      await root.open()
      await database.open()
      await between()
      // The root of a sublevel is the application's, and stays open as it was.
      if (root === database) await root.close()
    }
    const reopened = await this.#opened.reopen({ ...options, clock: this.clock })
    this.#opened = { ...this.#opened, ...reopened }
  }

  async close(): Promise<void> {
    for (const other of this.#others) await other.close()
    await this.log.close()
    await this.#opened.remove?.()
  }
}
