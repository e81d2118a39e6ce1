import type { Expectation } from './append-api.js'
import { GoetheError } from './errors.js'
import type { TopicDraft } from './topic-draft.js'

/** An id that is not assigned yet cannot be known to anybody: such an expectation fails. */
export function meets(expect: Expectation, draft: TopicDraft): boolean {
  if (expect === 'empty') return draft.plannedSequence === 0
  if (typeof expect === 'number') return draft.plannedSequence === expect
  return draft.plannedSequence === draft.lastSequence && draft.lastId === expect && expect > 0n
}

/** The error that tells what was expected of a topic and what is so. */
export function conflict(expect: Expectation, draft: TopicDraft): GoetheError {
  const { topic } = draft.state
  const { lastId, lastSequence } = draft
  const expected = expect === 'empty' ? 'to be empty' : `at ${describeExpectation(expect)}`
  const actual =
    lastSequence === 0 ? 'it is empty' : `its last event is ${lastId} (sequence ${lastSequence})`
  return new GoetheError(
    'GOETHE_CONFLICT',
    `Topic '${topic}' was expected ${expected}, but ${actual}`,
    { details: { topic, lastId: lastSequence === 0 ? undefined : lastId, lastSequence } },
  )
}

function describeExpectation(expect: Expectation | undefined): string {
  return typeof expect === 'number' ? `sequence ${expect}` : `event ${String(expect)}`
}
