/** Reading events: pages of JSON, lines of JSON, server-sent events; and finding one. */
import { Readable } from 'node:stream'
import {
  type Consistency,
  GoetheError,
  type LogEvent,
  type ReadOptions,
  type TopicSelector,
} from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ServerContext } from '../server-context.js'
import { becomeStream, logOf, methodOf, sendJson } from './call.js'
import { chunkLength, eventFeed } from './event-feed.js'
import { type PayloadFormat, eventJson } from './event-json.js'
import { parseEventId, parsePosition, parseTime } from './position.js'
import {
  answers,
  eventSchema,
  eventsPage,
  object,
  readProperties,
  seekQuery,
  selectorProperties,
  topicParams,
} from './schemas.js'

interface ReadQuery {
  from?: string
  to?: string
  limit?: number
  reverse?: boolean
  follow?: boolean
  payload: PayloadFormat
  consistency: Consistency
  topic?: string
  prefix?: string
}

/** A page is bounded in events and in bytes of payload: clients mostly take it as a whole. */
const pageEvents = 1000
const pageEventsMax = 10_000
const pageBytesMax = 8 * 1024 * 1024

/** Chunks that wait for a connection; by default there would be 16, each of an event or more. */
const oneAhead = { highWaterMark: 1 }

export function readRoutes(app: FastifyInstance, context: ServerContext): void {
  const produces = ['application/json', 'application/x-ndjson', 'text/event-stream']
  app.get<{ Params: { topic: string }; Querystring: ReadQuery }>(
    '/topics/:topic/events',
    {
      schema: {
        summary: 'Read a topic',
        tags: ['events'],
        produces,
        params: topicParams,
        querystring: object(readProperties),
        response: answers(eventsPage),
      },
    },
    (request, reply) => read(context, request, reply, oneTopic(request.params.topic)),
  )
  app.get<{ Querystring: ReadQuery }>(
    '/events',
    {
      schema: {
        summary: 'Read all topics, those with a prefix, or one, in the order of the log',
        tags: ['events'],
        produces,
        querystring: object({ ...selectorProperties, ...readProperties }),
        response: answers(eventsPage),
      },
    },
    (request, reply) => read(context, request, reply, selectorOf(request.query)),
  )
  app.get<{
    Params: { topic: string }
    Querystring: {
      at: string
      nearest: 'next' | 'previous' | 'closest'
      payload: PayloadFormat
      consistency: Consistency
    }
  }>(
    '/topics/:topic/seek',
    {
      schema: {
        summary: 'Find the event that is nearest to a position',
        tags: ['events'],
        params: topicParams,
        querystring: seekQuery,
        response: answers(object({ event: { ...eventSchema, type: ['object', 'null'] } })),
      },
    },
    async (request, reply) => {
      const { at, nearest, payload, consistency } = request.query
      const position = parsePosition('at', at, context.clock.now())
      const options = { nearest, consistency }
      const event = await logOf(request).seek(request.params.topic, position, options)
      if (event !== undefined) countRead(context, [event])
      const shown = event === undefined ? 'null' : eventJson(event, payload)
      return sendJson(reply, `{"event":${shown}}`)
    },
  )
}

/** The topics that a query names: one, those with a prefix, or all. */
export function selectorOf({ topic, prefix }: { topic?: string; prefix?: string }): TopicSelector {
  if (topic !== undefined && prefix !== undefined) {
    throw new GoetheError('GOETHE_INVALID_ARGUMENT', "'topic' and 'prefix' exclude each other")
  }
  if (topic !== undefined) return oneTopic(topic)
  return prefix === undefined || prefix === '' ? '*' : { prefix }
}

/** '*' would be all topics, for which there are other paths. */
export function oneTopic(topic: string): string {
  if (topic !== '*') return topic
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', "No topic is called '*'; all are at /v1/events")
}

async function read(
  context: ServerContext,
  request: FastifyRequest<{ Querystring: ReadQuery }>,
  reply: FastifyReply,
  topics: TopicSelector,
): Promise<FastifyReply> {
  const { query } = request
  const format = formatOf(request)
  const options = readOptions(request, context.clock.now(), format)
  if (format === 'json') return sendPage(context, request, reply, topics, options)
  const signal = endOf(request, context)
  const { consistency, ...rest } = options
  const log = logOf(request)
  const batches = log.read(topics, { ...rest, signal }).batches()
  // Who cannot be answered so is told by the status, which goes with the first bytes.
  if (consistency === 'linearizable') await log.confirm()
  const { call } = request
  if (call.gone.aborted) throw abortedError(call.gone)
  becomeStream(request, context)
  if (options.follow === true) {
    call.hold(context.admission.tail(topics))
    call.hold(context.metrics.tail('http'))
  }
  const feed = eventFeed(batches, {
    format,
    payload: query.payload,
    clock: context.clock,
    heartbeatMs: options.follow === true ? context.config.keepalive.timeMs : undefined,
    stopping: context.stopping,
    onRead: (events) => {
      countRead(context, events)
    },
    onError: (error) => {
      context.logger.warn({ error, method: methodOf(request) }, 'A stream of events broke off')
    },
  })
  const type = format === 'sse' ? 'text/event-stream' : 'application/x-ndjson'
  void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
  return reply.type(`${type}; charset=utf-8`).send(Readable.from(feed, oneAhead))
}

/**
 * Fires when the client is gone or the server stops. On Node.js 20 `AbortSignal.any` would leave
 * something behind for each stream on the signal of the latter, which lasts as long as the server.
 */
function endOf({ call }: FastifyRequest, { stopping }: ServerContext): AbortSignal {
  const ending = new AbortController()
  const end = (): void => {
    ending.abort()
  }
  if (call.gone.aborted || stopping.aborted) end()
  call.gone.addEventListener('abort', end, { once: true })
  stopping.addEventListener('abort', end, { once: true })
  call.hold(() => {
    stopping.removeEventListener('abort', end)
  })
  return ending.signal
}

/** What the client can take, and whether that goes on. */
function formatOf({ query, headers }: FastifyRequest<{ Querystring: ReadQuery }>) {
  const accept = headers.accept ?? ''
  if (accept.includes('application/x-ndjson')) return 'ndjson'
  if (query.follow === true || accept.includes('text/event-stream')) return 'sse'
  return 'json'
}

function readOptions(
  { query, headers }: FastifyRequest<{ Querystring: ReadQuery }>,
  now: bigint,
  format: 'json' | 'ndjson' | 'sse',
): ReadOptions {
  const seen = format === 'sse' ? headers['last-event-id'] : undefined
  // An empty one means that the client has seen none.
  const from =
    typeof seen === 'string' && seen !== ''
      ? { after: parseEventId('last-event-id', seen) }
      : query.from === undefined
        ? undefined
        : parsePosition('from', query.from, now)
  return {
    from,
    to: query.to === undefined ? undefined : parseTime('to', query.to, now),
    limit: query.limit,
    reverse: query.reverse,
    consistency: query.consistency,
    follow: query.follow ?? (format === 'sse' && query.reverse !== true),
  }
}

async function sendPage(
  context: ServerContext,
  request: FastifyRequest<{ Querystring: ReadQuery }>,
  reply: FastifyReply,
  topics: TopicSelector,
  options: ReadOptions,
): Promise<FastifyReply> {
  const text = pageText(context, request, topics, options)
  // What cannot be read is told by the status, which goes with the first bytes.
  const first = await text.next()
  if (first.done === true) return sendJson(reply, first.value)
  const start = first.value
  const whole = async function* (): AsyncGenerator<string> {
    yield start
    yield `${yield* text}\n`
  }
  return sendJson(reply, Readable.from(whole(), oneAhead))
}

/**
 * A page as it is written, no faster than it is read: a client that does not read would else keep
 * all of it in memory. What is left is returned, which for most pages is all.
 */
async function* pageText(
  context: ServerContext,
  request: FastifyRequest<{ Querystring: ReadQuery }>,
  topics: TopicSelector,
  options: ReadOptions,
): AsyncGenerator<string, string> {
  const limit = Math.min(options.limit ?? pageEvents, pageEventsMax)
  // One more than is shown tells whether there is a next page.
  const signal = request.call.gone
  const events = logOf(request).read(topics, { ...options, limit: limit + 1, signal })
  let text = '{"events":['
  let count = 0
  let bytes = 0
  let last: LogEvent | undefined
  for await (const event of events) {
    if (count === limit || (count > 0 && bytes + event.payload.length > pageBytesMax)) {
      context.metrics.read('http', count, bytes)
      const next = last && `,"next":${JSON.stringify(nextOf(last, options))}`
      return `${text}]${next ?? ''}}`
    }
    if (count > 0) text += ','
    text += eventJson(event, request.query.payload)
    count++
    bytes += event.payload.length
    last = event
    if (text.length < chunkLength) continue
    yield text
    text = ''
  }
  context.metrics.read('http', count, bytes)
  return `${text}]}`
}

/** Where the next page begins. */
function nextOf({ id }: LogEvent, { reverse }: ReadOptions): string {
  if (reverse !== true) return `after:${id}`
  // A number of few digits would be a sequence: ids of early 1970, which imports have, are short.
  return String(id - 1n).padStart(17, '0')
}

function countRead({ metrics }: ServerContext, events: readonly LogEvent[]): void {
  const bytes = events.reduce((sum, { payload }) => sum + payload.length, 0)
  metrics.read('http', events.length, bytes)
}
