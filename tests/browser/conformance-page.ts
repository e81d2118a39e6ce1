// What runs in the browser: the conformance suite on IndexedDB, one test at a time.
import { collectTests, storeConformance } from '@goethe/core/conformance'
import { BrowserLevel } from 'browser-level'

declare global {
  /** Runs the test with this title; resolves with what is wrong, or undefined. */
  var runTest: (title: string) => Promise<string | undefined>
}

let stores = 0
const collected = collectTests()
storeConformance({
  ...collected,
  name: 'browser-level',
  store: () => {
    const location = `store-${stores++}`
    return {
      database: new BrowserLevel(location),
      reopen: () => new BrowserLevel(location),
      remove: () => BrowserLevel.destroy(location),
    }
  },
})

const tests = new Map(collected.tests.map(({ title, run }) => [title, run]))

globalThis.runTest = async (title) => {
  try {
    await tests.get(title)!()
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
