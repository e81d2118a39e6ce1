import { eventIdOfText } from '@goethe/core/contract'
import { valueOfText } from './parsed-text.js'

/** The id of an event in decimal digits. */
export function parseEventId(digits: string): bigint {
  return valueOfText(eventIdOfText(digits))
}
