import { type Database, rootOf } from '../src/database.js'
import { EventLog } from '../src/event-log.js'
import { eventLogConformance } from './event-log-conformance.js'
import { type OpenOptions, type OpenedLog, type TestFunctions } from './suite.js'

/** A database for one test. */
export interface TestStore {
  /** What the log is opened on: a database, or a sublevel of one. */
  database: Database
  /** The database again, once it is closed; default: the same object. */
  reopen?(): Database
  /** Called in the end: closes what the log does not, and removes what is stored. */
  remove?(): Promise<void>
}

export interface StoreConformanceOptions extends TestFunctions {
  /** Names the store under test. */
  name: string
  /** Makes an empty database. */
  store(): TestStore | Promise<TestStore>
}

/** Holds an EventLog on a store to all that EventLog promises. */
export function storeConformance({ store, ...rest }: StoreConformanceOptions): void {
  eventLogConformance({
    ...rest,
    traits: ['clock', 'reopen', 'embedded'],
    open: async (options) => openOn(await store(), options),
  })
}

async function openOn(store: TestStore, options: OpenOptions): Promise<OpenedLog> {
  const { remove } = store
  const openAgain = async (database: Database, with_: OpenOptions): Promise<OpenedLog> => ({
    log: await openOrClose(database, with_),
    database,
    reopen: (again) => openAgain(store.reopen?.() ?? database, again),
    ...(remove && { remove: () => remove() }),
  })
  return openAgain(store.database, options)
}

/** A store whose log could not be opened is closed, so that it can be removed. */
async function openOrClose(database: Database, options: OpenOptions): Promise<EventLog> {
  try {
    return await EventLog.open(database, options)
  } catch (error) {
    if (rootOf(database).root === database) await database.close()
    throw error
  }
}
