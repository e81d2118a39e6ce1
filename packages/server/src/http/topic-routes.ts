/** Topics: which there are, what they hold, what they keep. */
import type { Consistency, HistogramOptions, Retention } from '@goethe/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ServerContext } from '../server-context.js'
import { logOf, sendJson } from './call.js'
import { toJson } from './event-json.js'
import { parsePosition, parseTime } from './position.js'
import { oneTopic, selectorOf } from './read-routes.js'
import {
  answers,
  bucketsSchema,
  consistencyProperties,
  histogramQuery,
  object,
  retentionBody,
  selectorProperties,
  topicParams,
  topicSchema,
  topicsQuery,
  trimBody,
} from './schemas.js'
import { GoetheError } from '@goethe/core'

interface TopicParams {
  topic: string
}

interface HistogramQuery {
  from?: string
  to?: string
  interval?: string
}

const tags = ['topics']

export function topicRoutes(app: FastifyInstance, context: ServerContext): void {
  listRoutes(app, context)
  keepRoutes(app, context)
}

function listRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get<{ Querystring: { prefix?: string; after?: string; limit?: number } }>(
    '/topics',
    {
      schema: {
        summary: 'List topics in the order of their names',
        tags,
        querystring: topicsQuery,
        response: answers(
          object({
            topics: { type: 'array', items: { type: 'string' } },
            next: { type: 'string', description: "The 'after' of the next page" },
          }),
        ),
      },
    },
    async (request, reply) => {
      const { limit = 1000 } = request.query
      const topics = await logOf(request).topics(request.query)
      const next = topics.length === limit ? { next: topics.at(-1) } : {}
      return sendJson(reply, toJson({ topics, ...next }))
    },
  )
  app.get<{ Params: TopicParams; Querystring: { consistency: Consistency } }>(
    '/topics/:topic',
    {
      schema: {
        summary: 'Describe a topic',
        tags,
        params: topicParams,
        querystring: object(consistencyProperties),
        response: answers(topicSchema),
      },
    },
    async (request, reply) => {
      const { consistency } = request.query
      const described = await logOf(request).describe(request.params.topic, { consistency })
      return sendJson(reply, toJson(described))
    },
  )
  app.get<{ Params: TopicParams; Querystring: HistogramQuery }>(
    '/topics/:topic/histogram',
    {
      schema: {
        summary: 'Events of a topic over time',
        tags,
        params: topicParams,
        querystring: histogramQuery,
        response: answers(bucketsSchema),
      },
    },
    async (request, reply) => {
      const options = histogramOptions(request, context)
      const topic = oneTopic(request.params.topic)
      const buckets = await logOf(request).histogram(topic, options)
      return sendJson(reply, toJson({ buckets }))
    },
  )
  app.get<{ Querystring: HistogramQuery & { topic?: string; prefix?: string } }>(
    '/histogram',
    {
      schema: {
        summary: 'Events of all topics, of those with a prefix, or of one over time',
        tags,
        querystring: object({
          ...selectorProperties,
          ...(histogramQuery['properties'] as Record<string, unknown>),
        }),
        response: answers(bucketsSchema),
      },
    },
    async (request, reply) => {
      const options = histogramOptions(request, context)
      const buckets = await logOf(request).histogram(selectorOf(request.query), options)
      return sendJson(reply, toJson({ buckets }))
    },
  )
}

function keepRoutes(app: FastifyInstance, context: ServerContext): void {
  app.put<{ Params: TopicParams; Body: Retention }>(
    '/topics/:topic/retention',
    {
      schema: {
        summary: 'Set what a topic keeps',
        tags,
        params: topicParams,
        body: retentionBody,
        response: answers(object({ retention: retentionBody })),
      },
    },
    async (request, reply) => {
      await logOf(request).setRetention(request.params.topic, request.body)
      return sendJson(reply, toJson({ retention: request.body }))
    },
  )
  app.delete<{ Params: TopicParams }>(
    '/topics/:topic/retention',
    {
      schema: {
        summary: 'Let a topic keep all',
        tags,
        params: topicParams,
        response: answers(object({ retention: { type: 'null' } })),
      },
    },
    async (request, reply) => {
      await logOf(request).setRetention(request.params.topic, null)
      return sendJson(reply, toJson({ retention: null }))
    },
  )
  app.post<{ Params: TopicParams; Body: { before: string } }>(
    '/topics/:topic/trim',
    {
      schema: {
        summary: 'Remove the events before a position',
        tags,
        params: topicParams,
        body: trimBody,
        response: answers(
          object({
            count: { type: 'integer' },
            throughSequence: { type: 'integer' },
            heldBy: { type: 'string' },
          }),
        ),
      },
    },
    async (request, reply) => {
      const before = parsePosition('before', request.body.before, context.clock.now())
      if (typeof before === 'object' && !(before instanceof Date)) {
        throw new GoetheError(
          'GOETHE_INVALID_ARGUMENT',
          "'before' is an id, seq:<sequence> or a time",
        )
      }
      if (before === 'start' || before === 'end') {
        throw new GoetheError(
          'GOETHE_INVALID_ARGUMENT',
          "'before' is an id, seq:<sequence> or a time; delete a topic to remove all of it",
        )
      }
      return sendJson(reply, toJson(await logOf(request).trim(request.params.topic, { before })))
    },
  )
  app.delete<{ Params: TopicParams }>(
    '/topics/:topic',
    {
      schema: {
        summary: 'Remove a topic with its events, cursors and settings',
        tags,
        params: topicParams,
        response: answers(object({ deleted: { type: 'string' } })),
      },
    },
    async (request, reply) => {
      await logOf(request).deleteTopic(request.params.topic)
      return sendJson(reply, toJson({ deleted: request.params.topic }))
    },
  )
}

function histogramOptions(
  { query }: FastifyRequest<{ Querystring: HistogramQuery }>,
  { clock }: ServerContext,
): HistogramOptions {
  const now = clock.now()
  const { from, to, interval } = query
  return {
    from: from === undefined ? undefined : parseTime('from', from, now),
    to: to === undefined ? undefined : parseTime('to', to, now),
    // The log says what is no interval.
    interval: interval as HistogramOptions['interval'],
  }
}
