import { GoetheError } from '@goethe/core'
import type {
  FastifyInstance,
  FastifyReply,
  FastifySchemaValidationError,
  FastifyServerOptions,
} from 'fastify'
import type { ServerContext } from '../server-context.js'
import { methodOf } from './call.js'
import { problemOf } from './problem.js'

/** Answers what fails, what is asked for in a wrong way, and what is not there, with a problem. */
export function answerErrors(app: FastifyInstance, { logger }: ServerContext): void {
  app.setSchemaErrorFormatter(schemaError)
  app.setErrorHandler((error, request, reply) => {
    const { status, code, headers, body } = problemOf(error)
    request.call.code = code
    if (code === 'GOETHE_INTERNAL') logger.error({ error, method: methodOf(request) }, 'A defect')
    // The rest of a body that is too large is not waited for.
    if (status === 413) void reply.header('connection', 'close')
    return reply.code(status).headers(headers).send(`${body}\n`)
  })
  app.setNotFoundHandler((request, reply) => {
    const { status, code, headers, body } = problemOf(
      new GoetheError(
        'GOETHE_INVALID_ARGUMENT',
        `There is no ${request.method} ${request.url.slice(0, 200)}; /openapi.json tells what there is`,
      ),
      404,
    )
    request.call.code = code
    return reply.code(status).headers(headers).send(`${body}\n`)
  })
}

/** Answers a path that cannot be decoded, which the framework refuses before it asks any hook. */
export const answerBadPath: NonNullable<FastifyServerOptions['frameworkErrors']> = (
  error,
  _request,
  reply,
) => {
  const { status, headers, body } = problemOf(error)
  // Of no route, and so of no schema that would say which statuses there are.
  void (reply as FastifyReply).code(status).headers(headers).send(`${body}\n`)
}

/** What is said of a violation with `verbose`. */
type Violation = FastifySchemaValidationError & { parentSchema?: { description?: string } }

/** Which part of a request is wrong, in words that its sender knows. */
const schemaError: Parameters<FastifyInstance['setSchemaErrorFormatter']>[0] = (errors, part) => {
  const { keyword, instancePath, message, params, parentSchema } = errors[0]! as Violation
  const where = part === 'querystring' ? 'The query' : part === 'body' ? 'The body' : `The ${part}`
  const place = instancePath === '' ? '' : ` at ${instancePath.slice(1).replaceAll('/', '.')}`
  if (keyword === 'additionalProperties') {
    const { additionalProperty } = params as { additionalProperty: string }
    return new Error(`${where}${place} has an unknown field '${additionalProperty.slice(0, 60)}'`)
  }
  if (keyword === 'pattern' && parentSchema?.description !== undefined) {
    return new Error(`${where}${place} is not what it should be: ${parentSchema.description}`)
  }
  const allowed = 'allowedValues' in params ? ` (${String(params['allowedValues'])})` : ''
  return new Error(`${where}${place} ${message ?? 'is wrong'}${allowed}`)
}
