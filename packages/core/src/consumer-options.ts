import type { ConsumerOptions } from './consumer-api.js'
import { checkNumber, checkOptions, checkSignal } from './arguments.js'
import type { ConsumerSettings } from './consumer.js'
import { ArgumentError } from './errors.js'
import { nameBytes } from './names.js'
import { type CheckedPosition, checkPosition } from './position.js'

/** Throws ArgumentError for what is no option of a consumer, or no value of one. */
export function checkConsumerOptions(
  topic: string,
  options: ConsumerOptions = {},
): ConsumerSettings & { from: CheckedPosition } {
  checkOptions(options, [
    'from',
    'maxInFlight',
    'ackTimeoutMs',
    'maxAttempts',
    'deadLetter',
    'signal',
  ])
  checkSignal(options.signal)
  const { deadLetter, maxAttempts } = options
  if (deadLetter !== undefined) {
    nameBytes('topic', deadLetter)
    if (deadLetter === topic) {
      throw new ArgumentError(`'deadLetter' is another topic than the one that is consumed`)
    }
  }
  if ((maxAttempts === undefined) !== (deadLetter === undefined)) {
    throw new ArgumentError(
      `'maxAttempts' and 'deadLetter' go together: an event whose attempts are used up is ` +
        'appended to that topic, so that none is lost',
    )
  }
  return {
    from: checkPosition(options.from === undefined ? 'start' : options.from, true),
    maxInFlight: checkNumber('maxInFlight', options.maxInFlight, {
      default: 256,
      min: 1,
      max: 10_000,
    }),
    ackTimeoutMs: checkNumber('ackTimeoutMs', options.ackTimeoutMs, { default: 30_000, min: 1 }),
    maxAttempts: checkNumber('maxAttempts', maxAttempts, { default: Infinity, min: 1 }),
    deadLetter,
    signal: options.signal,
  }
}
