import type { Expectation } from '@goethe/core'
import { InvalidArgumentError } from 'commander'
import { parseEventId } from './event-id.js'

/** A value of --expect: `empty`, the id of the topic's last event, or its sequence. */
export function parseExpectation(text: string): Expectation {
  if (text === 'empty') return 'empty'
  const [, digits] = /^(?:seq:)?(\d{1,16})$/.exec(text) ?? []
  if (digits !== undefined) return Number(digits)
  if (/^\d{17,}$/.test(text)) return parseEventId(text)
  throw new InvalidArgumentError(
    "It should be 'empty', or the sequence or the id of the topic's last event.",
  )
}
