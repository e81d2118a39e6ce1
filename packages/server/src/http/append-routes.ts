/** Appending: one event as it is, or several described in JSON. */
import { type AppendConditions, type Expectation, GoetheError } from '@goethe/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ServerContext } from '../server-context.js'
import { logOf, sendJson } from './call.js'
import { payloadOf, receiptJson } from './event-json.js'
import { parseExactJson } from './exact-json.js'
import { parseTime } from './position.js'
import {
  answers,
  appendAllBody,
  appendQuery,
  eventInput,
  object,
  receiptSchema,
  topicParams,
} from './schemas.js'

interface Conditions {
  expect?: string
  producerId?: string
  producerSequence?: number
  time?: string
}

/** The body of an append to one topic comes as bytes, whatever its content type. */
export function appendRoutes(app: FastifyInstance, context: ServerContext): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  app.post<{
    Params: { topic: string }
    Querystring: Conditions & { raw?: boolean }
    Body: Buffer | undefined
  }>(
    '/topics/:topic/events',
    {
      schema: {
        summary: 'Append one event or several to a topic',
        description:
          'A list of application/json and the lines of application/x-ndjson are events in JSON; ' +
          'any other body is one event as it is. Conditions may also be headers, such as ' +
          'Goethe-Expect.',
        tags: ['events'],
        params: topicParams,
        querystring: appendQuery,
        response: answers(receiptSchema),
      },
      config: {
        describedBody: {
          content: {
            'application/json': { schema: { type: 'array', items: eventInput } },
            'application/x-ndjson': { schema: eventInput },
            'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
          },
        },
      },
    },
    async (request, reply) => {
      const conditions = withHeaders(request.query, request)
      const receipt = await logOf(request).append(request.params.topic, payloads(request), {
        ...conditionsOf(conditions, context.clock.now()),
        signal: request.call.gone,
      })
      return sendJson(reply, JSON.stringify(receiptJson(receipt)))
    },
  )
}

export function appendAllRoutes(app: FastifyInstance, context: ServerContext): void {
  app.post<{ Body: { entries: ({ topic: string; events: unknown[] } & Conditions)[] } }>(
    '/append-all',
    {
      schema: {
        summary: 'Append to several topics, all or nothing',
        tags: ['events'],
        body: appendAllBody,
        response: answers(object({ receipts: { type: 'array', items: receiptSchema } })),
      },
    },
    async (request, reply) => {
      const now = context.clock.now()
      const entries = request.body.entries.map(({ topic, events, ...conditions }, entry) => ({
        topic,
        payloads: events.map((event, index) => {
          return payloadOf(event, `entries[${entry}].events[${index}]`)
        }),
        ...conditionsOf(conditions, now),
      }))
      const receipts = await logOf(request).appendAll(entries, { signal: request.call.gone })
      return sendJson(reply, JSON.stringify({ receipts: receipts.map(receiptJson) }))
    },
  )
}

function payloads(
  request: FastifyRequest<{ Querystring: { raw?: boolean }; Body: Buffer | undefined }>,
): Uint8Array | Uint8Array[] {
  const body = request.body ?? new Uint8Array(0)
  if (request.query.raw === true) return body
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/x-ndjson') return linePayloads(body)
  if (type !== 'application/json') return body
  const value = parseExactJson(body, 'The body')
  if (!Array.isArray(value)) return body
  return some(value.map((event, index) => payloadOf(event, `The event [${index}]`)))
}

function linePayloads(body: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  let line = 0
  for (let start = 0; start < body.length;) {
    const at = body.indexOf(0x0a, start)
    const end = at === -1 ? body.length : at
    const bytes = body.subarray(start, end)
    start = end + 1
    line++
    if (bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) continue
    found.push(payloadOf(parseExactJson(bytes, `Line ${line}`), `Line ${line}`))
  }
  return some(found)
}

function some(found: Uint8Array[]): Uint8Array[] {
  if (found.length > 0) return found
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', 'The body holds no event')
}

/** What a query leaves open may stand in headers. */
function withHeaders(query: Conditions, { headers }: FastifyRequest): Conditions {
  const header = (name: string): string | undefined => {
    const value = headers[`goethe-${name}`]
    return Array.isArray(value) ? value[0] : value
  }
  const expect = query.expect ?? header('expect')
  const producerId = query.producerId ?? header('producer-id')
  const producerSequence = query.producerSequence ?? sequenceOf(header('producer-sequence'))
  const time = query.time ?? header('time')
  return {
    ...(expect !== undefined && { expect }),
    ...(producerId !== undefined && { producerId }),
    ...(producerSequence !== undefined && { producerSequence }),
    ...(time !== undefined && { time }),
  }
}

/** As strict as the query, since an empty text would pass for 0. */
function sequenceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,16}$/.test(text)) return Number(text)
  throw new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `'producerSequence' is '${text.slice(0, 60)}', but should be a whole number from 0`,
  )
}

function conditionsOf(conditions: Conditions, now: bigint): AppendConditions {
  const { expect, producerId, producerSequence, time } = conditions
  if ((producerId === undefined) !== (producerSequence === undefined)) {
    throw new GoetheError(
      'GOETHE_INVALID_ARGUMENT',
      "'producerId' and 'producerSequence' go together",
    )
  }
  return {
    ...(expect !== undefined && { expect: expectationOf(expect) }),
    ...(producerId !== undefined && {
      producer: { id: producerId, sequence: producerSequence! },
    }),
    ...(time !== undefined && { time: parseTime('time', time, now) }),
  }
}

function expectationOf(text: string): Expectation {
  if (text === 'empty') return 'empty'
  const [, sequence] = /^seq:(\d{1,16})$/.exec(text) ?? []
  if (sequence !== undefined) return Number(sequence)
  if (/^\d{1,20}$/.test(text)) return BigInt(text)
  throw new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `'expect' is '${text.slice(0, 60)}', but should be empty, an id, or seq:<sequence>`,
  )
}
