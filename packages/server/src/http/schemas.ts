/** JSON Schemas of what comes and goes: requests are checked by them, /openapi.json shows them. */
import { positionHelp } from './position.js'

export const idSchema = {
  type: 'string',
  pattern: '^[0-9]{1,20}$',
  description: 'UNIX nanoseconds in decimal',
}

const position = { type: 'string', description: positionHelp }
const time = {
  type: 'string',
  description: 'An id, a date such as 2026-01-31T12:00Z, or a time ago such as -5m',
}
const count = { type: 'integer', minimum: 0 }

/** An object of which all fields are known. */
export function object(
  properties: Record<string, unknown>,
  required: readonly string[] = [],
): Record<string, unknown> {
  return { type: 'object', properties, required, additionalProperties: false }
}

export const topicParams = object(
  { topic: { type: 'string', description: 'The name of the topic, percent-encoded' } },
  ['topic'],
)

export const consumerParams = object(
  {
    topic: { type: 'string', description: 'The name of the topic, percent-encoded' },
    consumer: { type: 'string', description: 'The name of the consumer, percent-encoded' },
  },
  ['topic', 'consumer'],
)

export const selectorProperties = {
  topic: { type: 'string', description: 'One topic' },
  prefix: { type: 'string', description: 'All topics whose name begins like this' },
}

export const consistencyProperties = {
  consistency: {
    type: 'string',
    enum: ['local', 'linearizable'],
    default: 'local',
    description:
      'How new the answer is at least, in a cluster: as new as this member, or everything that was ' +
      'acknowledged before, for which only the leader answers',
  },
}

export const readProperties = {
  from: position,
  to: { ...time, description: `Up to here, which is not read itself. ${time.description}` },
  limit: { type: 'integer', minimum: 0, description: 'At most so many events' },
  reverse: { type: 'boolean', description: 'The newest first' },
  follow: {
    type: 'boolean',
    description: 'Goes on with what is appended: as server-sent events, or NDJSON where accepted',
  },
  payload: {
    type: 'string',
    enum: ['text', 'json', 'base64'],
    default: 'text',
    description: 'How payloads are shown where they can be',
  },
  ...consistencyProperties,
}

export const seekQuery = object(
  {
    at: position,
    nearest: { type: 'string', enum: ['next', 'previous', 'closest'], default: 'next' },
    payload: readProperties.payload,
    ...consistencyProperties,
  },
  ['at'],
)

export const appendProperties = {
  expect: {
    type: 'string',
    pattern: '^(empty|seq:[0-9]{1,16}|[0-9]{1,20})$',
    description: "The last event of the topic must be this: 'empty', an id, or seq:<sequence>",
  },
  producerId: { type: 'string', description: 'Makes a retry safe, with producerSequence' },
  producerSequence: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  time: { ...time, description: `For imports: the first event's time. ${time.description}` },
}

export const appendQuery = object({
  ...appendProperties,
  raw: { type: 'boolean', description: 'The body is one event, whatever its content type' },
})

export const eventInput = {
  ...object({
    payload: { type: 'string', description: 'As UTF-8 text' },
    payloadJson: { description: 'As any JSON value' },
    payloadBase64: { type: 'string', description: 'As bytes in base64' },
  }),
  minProperties: 1,
  maxProperties: 1,
}

export const appendAllBody = object(
  {
    entries: {
      type: 'array',
      minItems: 1,
      items: object(
        {
          topic: { type: 'string' },
          // Looked at one by one, so that the answer says which of them is wrong.
          events: { type: 'array', minItems: 1, items: {} },
          ...appendProperties,
        },
        ['topic', 'events'],
      ),
    },
  },
  ['entries'],
)

export const topicsQuery = object({
  prefix: { type: 'string' },
  after: { type: 'string', description: 'The last name of the page before' },
  limit: { type: 'integer', minimum: 1, maximum: 10_000 },
})

export const histogramQuery = object({
  from: time,
  to: time,
  interval: { type: 'string', description: "Such as '1h', '1d', 'month' or 'year'" },
})

export const retentionBody = object({
  ageMs: { type: 'integer', minimum: 1 },
  bytes: { type: 'integer', minimum: 1 },
  count: { type: 'integer', minimum: 1 },
})

export const trimBody = object({ before: position }, ['before'])

export const cursorsQuery = object({
  topic: { type: 'string' },
  limit: { type: 'integer', minimum: 1, maximum: 10_000 },
  afterTopic: { type: 'string', description: 'The last cursor of the page before' },
  afterConsumer: { type: 'string' },
})

const session = { type: 'integer', minimum: 0, description: 'What an answer before gave' }
const hold = { type: 'boolean', description: 'Keeps what is not handled from being trimmed' }

export const commitBody = object(
  { id: idSchema, sequence: { type: 'integer', minimum: 1 }, session, hold },
  ['id', 'sequence'],
)

export const cursorSeekBody = object({ to: position, session, hold }, ['to'])
export const cursorBeginBody = object({ from: position, hold })

// Answers. They are not checked, only described.

export const eventSchema = object(
  {
    topic: { type: 'string' },
    id: idSchema,
    sequence: count,
    time: { type: 'string', format: 'date-time' },
    payload: { type: 'string' },
    payloadJson: {},
    payloadBase64: { type: 'string' },
  },
  ['topic', 'id', 'sequence', 'time'],
)

export const eventsPage = object(
  {
    events: { type: 'array', items: eventSchema },
    next: { type: 'string', description: "The 'from' of the next page; absent behind the last" },
  },
  ['events'],
)

export const receiptSchema = object({
  topic: { type: 'string' },
  firstId: idSchema,
  lastId: idSchema,
  firstSequence: count,
  lastSequence: count,
  count,
  durability: { type: 'string', enum: ['memory', 'os', 'fsync'] },
  repeated: { type: 'boolean' },
})

const place = object({ id: idSchema, sequence: count, time: { type: 'string' } })

export const topicSchema = object({
  topic: { type: 'string' },
  createdAt: { type: 'string', format: 'date-time' },
  first: place,
  last: place,
  count,
  bytes: count,
  retention: { ...retentionBody, type: ['object', 'null'] },
})

export const bucketsSchema = object({
  buckets: {
    type: 'array',
    items: object({ start: { type: 'string', format: 'date-time' }, count, bytes: count }),
  },
})

export const cursorSchema = object({
  topic: { type: 'string' },
  consumer: { type: 'string' },
  id: idSchema,
  sequence: count,
  updatedAt: { type: 'string', format: 'date-time' },
  lag: count,
  hold: { type: 'boolean' },
  acknowledgedAhead: count,
  session: count,
})

export const problemSchema = {
  ...object({
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable: GOETHE_CONFLICT and so on' },
    message: { type: 'string' },
    details: { type: 'object', additionalProperties: true },
  }),
  description: 'What went wrong, as application/problem+json',
}

/** Answers of a route: what it gives, and that anything else is a problem. */
export function answers(ok: Record<string, unknown>): Record<string, unknown> {
  return { 200: { description: 'Done', ...ok }, default: problemSchema }
}
