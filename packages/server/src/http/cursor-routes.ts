/** Cursors: where consumers stand. Whoever took one over is known by the session it was given. */
import { type Consistency, GoetheError, type Position } from '@goethe/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ServedCursor, ServedCursorOptions } from '../served-log.js'
import type { ServerContext } from '../server-context.js'
import { logOf, sendJson } from './call.js'
import { toJson } from './event-json.js'
import { parsePosition } from './position.js'
import {
  answers,
  commitBody,
  consistencyProperties,
  consumerParams,
  cursorBeginBody,
  cursorSchema,
  cursorSeekBody,
  cursorsQuery,
  object,
} from './schemas.js'

interface ConsumerParams {
  topic: string
  consumer: string
}

interface ConsistencyQuery {
  consistency: Consistency
}

const tags = ['cursors']
const path = '/topics/:topic/cursors/:consumer'

export function cursorRoutes(app: FastifyInstance, context: ServerContext): void {
  lookRoutes(app)
  moveRoutes(app, context)
}

function lookRoutes(app: FastifyInstance): void {
  app.get<{
    Querystring: {
      topic?: string
      limit?: number
      afterTopic?: string
      afterConsumer?: string
    }
  }>(
    '/cursors',
    {
      schema: {
        summary: 'List cursors',
        tags,
        querystring: cursorsQuery,
        response: answers(object({ cursors: { type: 'array', items: cursorSchema } })),
      },
    },
    async (request, reply) => {
      const { afterTopic, afterConsumer, ...options } = request.query
      if ((afterTopic === undefined) !== (afterConsumer === undefined)) {
        throw new GoetheError(
          'GOETHE_INVALID_ARGUMENT',
          "'afterTopic' and 'afterConsumer' go together",
        )
      }
      const after =
        afterTopic === undefined ? undefined : { topic: afterTopic, consumer: afterConsumer! }
      const cursors = await logOf(request).cursors({ ...options, after })
      return sendJson(reply, toJson({ cursors }))
    },
  )
  app.get<{ Params: ConsumerParams; Querystring: ConsistencyQuery }>(
    path,
    {
      schema: {
        summary: 'Where a consumer stands, and how many events it has not handled',
        tags,
        params: consumerParams,
        querystring: object(consistencyProperties),
        response: answers(cursorSchema),
      },
    },
    async (request, reply) => {
      const { topic, consumer } = request.params
      const cursor = await lookedAt(request)
      const [position, lag] = await Promise.all([cursor.position(), cursor.lag()])
      const none = { id: 0n, sequence: 0 }
      return sendJson(reply, toJson({ topic, consumer, ...(position ?? none), lag }))
    },
  )
  app.get<{ Params: ConsumerParams; Querystring: ConsistencyQuery }>(
    `${path}/lag`,
    {
      schema: {
        summary: 'How many events a consumer has not handled',
        tags,
        params: consumerParams,
        querystring: object(consistencyProperties),
        response: answers(object({ lag: { type: 'integer' } })),
      },
    },
    async (request, reply) => {
      return sendJson(reply, toJson({ lag: await (await lookedAt(request)).lag() }))
    },
  )
}

/** The cursor of a request, once it is known to be as new as was asked. */
async function lookedAt(
  request: FastifyRequest<{ Params: ConsumerParams; Querystring: ConsistencyQuery }>,
): Promise<ServedCursor> {
  const log = logOf(request)
  const cursor = log.cursor(request.params.topic, request.params.consumer)
  if (request.query.consistency === 'linearizable') await log.confirm()
  return cursor
}

function moveRoutes(app: FastifyInstance, context: ServerContext): void {
  app.post<{ Params: ConsumerParams; Body: { from?: string; hold?: boolean } }>(
    `${path}/begin`,
    {
      schema: {
        summary: 'Take a cursor over, to read behind it and to commit under the session',
        tags,
        params: consumerParams,
        body: cursorBeginBody,
        response: answers(cursorSchema),
      },
    },
    async (request, reply) => {
      const { from, ...options } = request.body
      const { topic, consumer } = request.params
      const cursor = logOf(request).cursor(topic, consumer, options)
      const position =
        from === undefined ? undefined : parsePosition('from', from, context.clock.now())
      const event = await cursor.begin(position)
      return sendJson(reply, answerOf(cursor, event))
    },
  )
  app.post<{
    Params: ConsumerParams
    Body: { id: string; sequence: number } & ServedCursorOptions
  }>(
    `${path}/commit`,
    {
      schema: {
        summary: 'Note that all events up to and including this one are handled',
        tags,
        params: consumerParams,
        body: commitBody,
        response: answers(cursorSchema),
      },
    },
    async (request, reply) => {
      const { id, sequence, ...options } = request.body
      const { topic, consumer } = request.params
      const cursor = logOf(request).cursor(topic, consumer, options)
      const event = { id: BigInt(id), sequence }
      await cursor.commit(event)
      return sendJson(reply, answerOf(cursor, event))
    },
  )
  app.post<{ Params: ConsumerParams; Body: { to: string } & ServedCursorOptions }>(
    `${path}/seek`,
    {
      schema: {
        summary: 'Move a cursor so that the nearest event at or after a position comes next',
        tags,
        params: consumerParams,
        body: cursorSeekBody,
        response: answers(cursorSchema),
      },
    },
    async (request, reply) => {
      const { to, ...options } = request.body
      const { topic, consumer } = request.params
      const cursor = logOf(request).cursor(topic, consumer, options)
      await cursor.seek(withoutCursor(parsePosition('to', to, context.clock.now())))
      const position = await cursor.position()
      return sendJson(reply, answerOf(cursor, position ?? { id: 0n, sequence: 0 }))
    },
  )
  app.delete<{ Params: ConsumerParams }>(
    path,
    {
      schema: {
        summary: 'Forget a cursor',
        tags,
        params: consumerParams,
        response: answers(object({ deleted: { type: 'string' } })),
      },
    },
    async (request, reply) => {
      const { topic, consumer } = request.params
      await logOf(request).cursor(topic, consumer).delete()
      return sendJson(reply, toJson({ deleted: consumer }))
    },
  )
}

function answerOf(
  cursor: ServedCursor,
  { id, sequence }: { id: bigint; sequence: number },
): string {
  const { topic, consumer, session } = cursor
  return toJson({ topic, consumer, id, sequence, session })
}

function withoutCursor(position: Position): Exclude<Position, { cursor: string }> {
  if (typeof position === 'object' && 'cursor' in position) {
    throw new GoetheError('GOETHE_INVALID_ARGUMENT', "'to' is no other cursor")
  }
  return position
}
