import type { Appended } from './batch-appender.js'
import { escapeControls } from './payload.js'
import { plural } from './quantity.js'

/** What was appended, as programs get it. */
export function appendedFields({ count, topics, first, last, late }: Appended): object {
  if (first === undefined || last === undefined) return { count: 0 }
  const isOne = topics.size === 1
  return {
    ...(isOne ? { topic: first.topic } : { topics: topics.size }),
    count,
    firstId: first.firstId,
    lastId: last.lastId,
    ...(isOne ? { firstSequence: first.firstSequence, lastSequence: last.lastSequence } : {}),
    durability: last.durability,
    ...(late > 0 ? { late } : {}),
  }
}

/** The same as a sentence. */
export function appendedLine({ count, topics, first, last }: Appended): string {
  if (first === undefined || last === undefined) return 'nothing to append'
  const events = plural(count, 'event')
  if (topics.size > 1) {
    return `${events} appended to ${plural(topics.size, 'topic')}, last id ${last.lastId}`
  }
  const sequences =
    count === 1 ? `#${first.firstSequence}` : `#${first.firstSequence} to #${last.lastSequence}`
  return `${events} appended to ${escapeControls(first.topic)}: ${sequences}, last id ${last.lastId}`
}

/** What to say of events that did not get their time; undefined when all did. */
export function lateLine({ late }: Appended): string | undefined {
  if (late === 0) return undefined
  return (
    `${plural(late, 'event')} came later than they say: their time lies before the last event of ` +
    'the log, and ids only ascend'
  )
}
