import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { runTool } from './run.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} TestCounts */
/** @typedef {TestCounts & { failures: string[] }} TestResults failures: the file and name of each failed test */

/**
 * Runs vitest and resolves with how many tests passed, failed and were skipped, and which failed.
 *
 * @param {string[]} filters arguments for vitest that choose tests
 * @param {string} [node] the program to run it with, where it is not this one
 * @param {Record<string, string>} [defaults] settings for the tests, where the environment has none
 * @returns {Promise<TestResults>}
 */
export async function runTests(filters, node = process.execPath, defaults = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'goethe-tests-'))
  const results = join(folder, 'results.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
    // Programs that tests start with the command `node` get the same one.
    const env = {
      ...defaults,
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    }
    const ended = await runTool('vitest/vitest.mjs', ['run', ...reporters, ...filters], {
      loud: true,
      node,
      env,
    }).then(
      () => 'well',
      () => 'badly',
    )
    const counts = existsSync(results) ? countIn(JSON.parse(readFileSync(results, 'utf8'))) : none
    // A file that cannot be loaded or an error outside of any test has no test to its name.
    return ended === 'badly' && counts.failed === 0
      ? { ...counts, failed: 1, failures: [...counts.failures, 'an error outside of any test'] }
      : counts
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {TestCounts} counts */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

/** @type {TestResults} */
const none = { passed: 0, failed: 0, skipped: 0, failures: [] }

/**
 * @param {any} results what vitest's JSON reporter wrote
 * @returns {TestResults}
 */
function countIn(results) {
  return {
    failures: results.testResults.flatMap(failuresIn),
    passed: results.numPassedTests,
    failed: results.numFailedTests,
    skipped: results.numPendingTests + results.numTodoTests,
  }
}

/** @param {any} file what the reporter wrote of one file */
function failuresIn({ name, status, assertionResults }) {
  const path = relative(process.cwd(), name)
  const failed = assertionResults.filter((/** @type {any} */ test) => test.status === 'failed')
  if (failed.length === 0) return status === 'failed' ? [`${path}: could not be run`] : []
  return failed.map((/** @type {any} */ test) => {
    const [line = ''] = String(test.failureMessages[0] ?? '').split('\n')
    return `${path}: ${test.fullName}: ${line}`
  })
}
