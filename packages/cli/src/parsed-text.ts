import type { ParsedText } from '@goethe/core/contract'
import { InvalidArgumentError } from 'commander'

/** What an argument says; throws the error for wrong arguments where it should say something else. */
export function valueOfText<Value>(parsed: ParsedText<Value>): Value {
  if ('value' in parsed) return parsed.value
  throw new InvalidArgumentError(`It should be ${parsed.expected}.`)
}
