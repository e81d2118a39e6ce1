import type { Consistency, ConsistencyOptions } from './read-api.js'
import { checkOptions } from './arguments.js'
import { ArgumentError } from './errors.js'
import { describeValue } from './names.js'

/** Throws ArgumentError for what is no consistency; undefined means 'local'. */
export function checkConsistency(consistency: unknown): Consistency {
  if (consistency === undefined) return 'local'
  if (consistency === 'local' || consistency === 'linearizable') return consistency
  throw new ArgumentError(
    `'consistency' is 'local' or 'linearizable'; got ${describeValue(consistency)}`,
  )
}

/** Throws ArgumentError for options of a call that has no others. */
export function checkConsistencyOptions(options: ConsistencyOptions | undefined): Consistency {
  checkOptions(options, ['consistency'])
  return checkConsistency(options?.consistency)
}
