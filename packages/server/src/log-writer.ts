/** What the server writes about itself: one line for each thing that happened. */
import { isGoetheError } from '@goethe/core'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Config } from './config.js'

export type { Logger } from 'pino'

/** Whoever reads the lines must not be able to act as a caller. */
const secrets = ['authorization', 'cookie', 'token', 'password', 'proxy-authorization']

/** Writes JSON, or text for people, to a stream; by default to standard output. */
export function createLogger(
  { level, format }: Config['log'],
  destination: DestinationStream = process.stdout,
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields },
      redact: {
        paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: '(not shown)',
      },
    },
    format === 'json' ? destination : textLines(destination),
  )
}

/** What is worth knowing of an error; a stack only where it is nobody's fault but ours. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message, stack, cause } = error
  return {
    ...(isGoetheError(error) ? { code: error.code, message } : { message, stack }),
    ...(cause !== undefined && { cause: cause instanceof Error ? cause.message : cause }),
  }
}

/** Lines such as `12:00:01.250 info  listening  port=1338`. */
function textLines(destination: DestinationStream): DestinationStream {
  return {
    write(line) {
      const { time, level, msg = '', ...fields } = JSON.parse(line) as Record<string, unknown>
      const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`)
      const clock = String(time).slice(11, 23)
      destination.write(`${clock} ${String(level).padEnd(5)} ${shown(msg)}${rest.join('')}\n`)
    },
  }
}

// What came from outside must not move the cursor of a terminal.
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
