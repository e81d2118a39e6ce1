import type { Expectation } from '@goethe/core'
import { InvalidArgumentError } from 'commander'

/** A value of --expect: `empty`, the id of the topic's last event, or its sequence. */
export function parseExpectation(text: string): Expectation {
  if (text === 'empty') return 'empty'
  const [, digits] = /^(?:seq:)?(\d{1,16})$/.exec(text) ?? []
  if (digits !== undefined) return Number(digits)
  if (/^\d{17,20}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError(
    "It is 'empty', or the sequence or the id of the topic's last event.",
  )
}
