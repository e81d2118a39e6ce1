/** @import { EventLog, Receipt } from '@goethe/core' */
/** @import { SourceEvent } from './source.mjs' */

/** Appends in flight: the log turns them into one write (group commit). */
const eventsInFlight = 1000

/**
 * Appends the events that the log does not have yet, each under the time when it happened.
 *
 * A log takes what it is given in order and all or nothing, so an import that was interrupted has
 * left behind the first events of the file and no others. How many of each topic that were, the
 * topic's last sequence tells: so many are skipped. `expect` makes sure of it: an event is only
 * appended if exactly those before it are there, whoever else may be writing.
 *
 * @param {EventLog} log
 * @param {AsyncIterable<SourceEvent>} events
 * @param {(imported: number) => void} [onProgress]
 * @returns {Promise<{ imported: number, skipped: number }>}
 */
export async function importEvents(log, events, onProgress) {
  const there = await lastSequences(log)
  /** @type {Map<string, number>} */
  const seen = new Map()
  /** @type {Promise<Receipt>[]} */
  let inFlight = []
  let imported = 0
  let skipped = 0
  const settle = async () => {
    await Promise.all(inFlight)
    imported += inFlight.length
    inFlight = []
    onProgress?.(imported)
  }
  try {
    for await (const { topic, time, payload } of events) {
      const before = seen.get(topic) ?? 0
      seen.set(topic, before + 1)
      if (before < (there.get(topic) ?? 0)) {
        skipped++
        continue
      }
      inFlight.push(log.append(topic, payload, { time, expect: before }))
      if (inFlight.length === eventsInFlight) await settle()
    }
    await settle()
  } finally {
    // Where the file cannot be read on, what was appended is still waited for.
    await Promise.allSettled(inFlight)
  }
  return { imported, skipped }
}

/**
 * How many events were ever appended to each topic.
 *
 * @param {EventLog} log
 * @returns {Promise<Map<string, number>>}
 */
async function lastSequences(log) {
  const sequences = new Map()
  for (const topic of await allTopics(log)) {
    const { last } = await log.describe(topic)
    sequences.set(topic, last.sequence)
  }
  return sequences
}

/**
 * The names of all topics, which the log gives out a page at a time.
 *
 * @param {EventLog} log
 * @returns {Promise<string[]>}
 */
export async function allTopics(log) {
  const limit = 1000
  const topics = await log.topics({ limit })
  for (let page = topics; page.length === limit;) {
    page = await log.topics({ limit, after: /** @type {string} */ (page.at(-1)) })
    topics.push(...page)
  }
  return topics
}
