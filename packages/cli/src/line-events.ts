import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import { textOf } from './payload.js'
import { nanosecondsOf } from './time.js'

/** An event that is about to be appended. */
export interface NewEvent {
  topic: string
  payload: Uint8Array
  /** UNIX nanoseconds; undefined for the time of receipt. */
  time: bigint | undefined
}

/** How lines become events. */
export interface LineFormat {
  /** The topic of all lines, or of those that name none. */
  topic?: string | undefined
  /** The field of a JSON line that names its topic. */
  topicField?: string | undefined
  /** The field of a JSON line that holds its time. */
  timeField?: string | undefined
}

/** Makes an event of a line; `where` names the line in messages. */
export type LineParser = (line: Uint8Array, where: string) => NewEvent

/** Lines that are payloads as they are; fields of them say their topic and time. */
export function lineParser({ topic, topicField, timeField }: LineFormat): LineParser {
  return (line, where) => {
    if (topicField === undefined && timeField === undefined) {
      return { topic: topic!, payload: line, time: undefined }
    }
    const object = parseObject(line, where)
    return {
      topic: topicField === undefined ? topic! : topicOf(object, topicField, topic, where),
      payload: line,
      time: timeField === undefined ? undefined : timeOf(object, timeField, where),
    }
  }
}

/** Lines of `goethe export`: topic, id, and the payload as text or in Base64 or hexadecimal. */
export function exportedLineParser(): LineParser {
  return (line, where) => {
    const { topic, id, payload, payloadBase64, payloadHex } = parseObject(line, where)
    const time = typeof id === 'string' ? nanosecondsOf(id) : undefined
    const bytes =
      typeof payloadBase64 === 'string'
        ? Buffer.from(payloadBase64, 'base64')
        : typeof payloadHex === 'string'
          ? Buffer.from(payloadHex, 'hex')
          : payload === undefined
            ? undefined
            : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
    if (typeof topic === 'string' && time !== undefined && bytes !== undefined) {
      return { topic, payload: bytes, time }
    }
    throw new Failure(`${where} is no line of \`goethe export\`: that has topic, id and payload`, {
      advice:
        'For other lines say where they go: --topic NAME or --topic-field FIELD, and --time-field',
    })
  }
}

/** A field by its name, or by a path such as `data.created`. */
export function fieldOf(object: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path]
  let value: unknown = object
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function topicOf(
  object: Record<string, unknown>,
  field: string,
  fallback: string | undefined,
  where: string,
): string {
  const value = fieldOf(object, field) ?? fallback
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new Failure(`${where} has no topic: its field '${field}' is ${describe(value)}`)
}

function timeOf(object: Record<string, unknown>, field: string, where: string): bigint {
  const value = fieldOf(object, field)
  const time = nanosecondsOf(value)
  if (time !== undefined) return time
  throw new Failure(
    `${where} has no time: its field '${field}' is ${describe(value)}, where an ISO date or a ` +
      'UNIX time in s, ms, µs or ns was expected',
  )
}

function parseObject(line: Uint8Array, where: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(textOf(line) ?? '')
  } catch (cause) {
    throw new Failure(`${where} is not JSON`, { cause })
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new Failure(`${where} is no JSON object, so it has no fields`)
}

function describe(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value).slice(0, 60)
}

/** Without a topic there must be a field that names it. */
export function checkLineFormat({ topic, topicField }: LineFormat): void {
  if (topic !== undefined || topicField !== undefined) return
  throw new Failure('No topic is named for the events', {
    advice: 'Name a topic, or the field of the lines that does: --topic-field FIELD',
    exitCode: exitCode.wrongUsage,
  })
}
