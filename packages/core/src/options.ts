import { checkBoolean, checkNumber, checkOptions } from './arguments.js'
import { type Clock, systemClock } from './clock.js'
import { ArgumentError, GoetheError } from './errors.js'
import { type Interval, intervalMs } from './interval.js'
import {
  clockBehindMsDefault,
  eventBytesMaxDefault,
  eventBytesMaxLimit,
  queueBytesMaxDefault,
  recentBytesMaxDefault,
  retentionIntervalMsDefault,
} from './limits.js'
import { describeValue } from './names.js'

/** How an EventLog is opened. */
export interface EventLogOptions {
  /**
   * When an append is acknowledged: 'fsync' (default) once it is on the disk, 'os' once the
   * operating system has it. A store that keeps nothing (memory-level) or has no fsync of its own
   * (browser-level) ignores it; receipts tell what is really so.
   */
  durability?: 'fsync' | 'os' | undefined
  index?: {
    /**
     * Width of the time-based index. Default: what the log has, '1h' for a new one. Another one
     * rebuilds the index as the log opens.
     */
    interval?: Interval | undefined
  }
  /** Largest payload, in bytes. Default: 16 MiB. */
  eventBytesMax?: number | undefined
  /** Bytes of appends that may be queued; beyond that `append` waits. Default: 64 MiB. */
  queueBytesMax?: number | undefined
  /** Bytes of recent commits kept for live readers. Default: 16 MiB. */
  recentBytesMax?: number | undefined
  /** The clock is reported when it is so far behind the last id. Default: 1,000. */
  clockBehindMs?: number | undefined
  /** How often retention is enforced. Default: 60,000. */
  retentionIntervalMs?: number | undefined
  /**
   * Only reads: makes no log, rebuilds no index, enforces no retention, and rejects whatever would
   * write with GOETHE_READ_ONLY, or with the error that a function gives. For a store that somebody
   * else writes, such as a replica of it; what is written shows where the store emits `write`.
   * Default: false.
   */
  readOnly?: boolean | (() => GoetheError) | undefined
  /** Default: the clock of the machine. */
  clock?: Clock | undefined
}

export interface CheckedOptions {
  durability: 'fsync' | 'os'
  /** Undefined when the log's own one is to be kept. */
  intervalMs: number | undefined
  eventBytesMax: number
  queueBytesMax: number
  recentBytesMax: number
  clockBehindNs: bigint
  retentionIntervalMs: number
  /** Gives the error of what would write, where the log is only to be read. */
  readOnly: (() => GoetheError) | undefined
  clock: Clock
}

/** Throws ArgumentError for what is no option, or no value of one. */
export function checkLogOptions(options: EventLogOptions = {}): CheckedOptions {
  checkOptions(options, [
    'durability',
    'index',
    'eventBytesMax',
    'queueBytesMax',
    'recentBytesMax',
    'clockBehindMs',
    'retentionIntervalMs',
    'readOnly',
    'clock',
  ])
  checkOptions(options.index, ['interval'])
  const { durability = 'fsync', clock = systemClock() } = options
  if (durability !== 'fsync' && durability !== 'os') {
    throw new ArgumentError(`'durability' is 'fsync' or 'os'; got ${describeValue(durability)}`)
  }
  if (typeof clock?.now !== 'function' || typeof clock.setTimer !== 'function') {
    throw new ArgumentError(`'clock' has now() and setTimer(); got ${describeValue(clock)}`)
  }
  const interval = options.index?.interval
  const bytes = (name: 'queueBytesMax' | 'recentBytesMax', fallback: number): number =>
    checkNumber(name, options[name], { default: fallback, min: 0 })
  return {
    durability,
    clock,
    intervalMs: interval === undefined ? undefined : intervalMs(interval),
    eventBytesMax: checkNumber('eventBytesMax', options.eventBytesMax, {
      default: eventBytesMaxDefault,
      min: 1,
      max: eventBytesMaxLimit,
    }),
    queueBytesMax: bytes('queueBytesMax', queueBytesMaxDefault),
    recentBytesMax: bytes('recentBytesMax', recentBytesMaxDefault),
    clockBehindNs:
      BigInt(
        checkNumber('clockBehindMs', options.clockBehindMs, {
          default: clockBehindMsDefault,
          min: 0,
        }),
      ) * 1_000_000n,
    retentionIntervalMs: checkNumber('retentionIntervalMs', options.retentionIntervalMs, {
      default: retentionIntervalMsDefault,
      min: 1,
    }),
    readOnly: checkReadOnly(options.readOnly),
  }
}

function checkReadOnly(readOnly: EventLogOptions['readOnly']): CheckedOptions['readOnly'] {
  if (typeof readOnly === 'function') return readOnly
  return checkBoolean('readOnly', readOnly)
    ? () => new GoetheError('GOETHE_READ_ONLY', 'The log was opened to be read only')
    : undefined
}
