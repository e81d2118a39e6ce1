import { appendAllTests } from './append-all.js'
import { appendTests } from './append.js'
import { catalogTests } from './catalog.js'
import { chaosTests } from './chaos.js'
import { consumerTests } from './consumers.js'
import { cursorTests } from './cursors.js'
import { errorTests } from './errors.js'
import { expectationTests } from './expectations.js'
import { followTests } from './follow.js'
import { importTimeTests } from './import-time.js'
import { lifecycleTests } from './lifecycle.js'
import { producerTests } from './producers.js'
import { readTests } from './read.js'
import { reindexTests } from './reindex.js'
import { seekTests } from './seek.js'
import { severalTopicsTests } from './several-topics.js'
import { type ConformanceOptions, Suite } from './suite.js'
import { transferTests } from './transfer.js'
import { trimTests } from './trim.js'
import { verifyTests } from './verify.js'

const parts = [
  appendTests,
  expectationTests,
  producerTests,
  appendAllTests,
  importTimeTests,
  readTests,
  severalTopicsTests,
  followTests,
  seekTests,
  cursorTests,
  consumerTests,
  catalogTests,
  trimTests,
  verifyTests,
  reindexTests,
  transferTests,
  errorTests,
  lifecycleTests,
  chaosTests,
]

/**
 * Declares what every implementation of `EventLogApi` must do, as tests of the given framework.
 * Each test opens a log of its own.
 */
export function eventLogConformance(options: ConformanceOptions): void {
  const suite = new Suite(options)
  options.describe(options.name, () => {
    for (const part of parts) part(suite)
  })
}
