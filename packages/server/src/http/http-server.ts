/** HTTP: health for everybody, metrics for those who are known, the JSON API for those who may. */
import { lookup } from 'node:dns/promises'
import type { Server as TlsServer, ServerOptions as TlsOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import swagger from '@fastify/swagger'
import { GoetheError } from '@goethe/core'
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify'
import type { Config } from '../config.js'
import { limitConnections } from '../connections.js'
import type { Listener, ServerContext } from '../server-context.js'
import type { ServedTls } from '../served-tls.js'
import { secureContextOf, tlsOptionsOf } from '../tls-files.js'
import { UnheardConnections } from '../unheard-connections.js'
import { answerBadPath, answerErrors } from './answer-errors.js'
import { appendAllRoutes, appendRoutes } from './append-routes.js'
import { admitBodies } from './body-admission.js'
import { identifyCallers, trackCalls } from './call.js'
import { clusterRoute } from './cluster-routes.js'
import { cursorRoutes } from './cursor-routes.js'
import { parseExactJson } from './exact-json.js'
import { healthRoutes, metricsRoute } from './health-routes.js'
import { checkOrigins } from './origin.js'
import { readRoutes } from './read-routes.js'
import { statusRoutes } from './status-routes.js'
import { topicRoutes } from './topic-routes.js'

/** Names have 255 bytes at most, each of which may be written as %xx. */
const paramLengthMax = 255 * 3

/** Line of the request and headers: two such names, a token, and then some. */
const headBytesMax = 16 * 1024

/** Far beyond what anybody sends. Of more than 2,000 Node would forget the rest. */
const headFieldsMax = 256

/** Starts to listen, with TLS where there is a certificate for it. */
export async function startHttp(context: ServerContext, tls?: ServedTls): Promise<Listener> {
  const app = await createApp(context, tls)
  const { host, port } = context.config.http
  const unheard = new UnheardConnections(app.server)
  app.server.on('request', ({ socket }) => {
    unheard.heard(socket)
  })
  await listen(app, host, port)
  const address = app.server.address() as AddressInfo
  context.logger.info({ host: address.address, port: address.port }, 'HTTP listens')
  return {
    address: { host: address.address, port: address.port },
    stop: (deadlineMs) => {
      unheard.end()
      return stop(app, context, deadlineMs)
    },
  }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    // One address: for a name that has several the framework would make more servers than one,
    // which know nothing of limits and of the deadline.
    const { address } = await lookup(host)
    await app.listen({ host: address, port })
  } catch (cause) {
    await app.close()
    throw new GoetheError(
      'GOETHE_UNAVAILABLE',
      `HTTP cannot listen on ${host}:${port} (http.host, http.port): ${(cause as Error).message}`,
      { cause },
    )
  }
}

async function createApp(
  context: ServerContext,
  tls: ServedTls | undefined,
): Promise<FastifyInstance> {
  const { config } = context
  const app = fastify(serverOptions(config, tls)) as unknown as FastifyInstance
  renewCertificate(app, tls)
  limitConnections(app.server, 'http', context)
  // Answers are text already; their schemas only describe them.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  answerErrors(app, context)
  leaveWhenStopping(app, context)
  trackCalls(app, context)
  refuseManyFields(app)
  await app.register(swagger, openapi)
  healthRoutes(app, context)
  await app.register((metrics) => metricsRoute(metrics, context))
  await app.register((cluster) => clusterRoute(cluster, context))
  await app.register(
    async (api) => {
      checkOrigins(api, context)
      refuseWhileStopping(api, context)
      identifyCallers(api, context)
      admitBodies(api, context)
      parseBodies(api)
      readRoutes(api, context)
      appendAllRoutes(api, context)
      topicRoutes(api, context)
      cursorRoutes(api, context)
      statusRoutes(api, context)
      await api.register(async (raw) => {
        appendRoutes(raw, context)
      })
    },
    { prefix: '/v1' },
  )
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  await app.ready()
  return app
}

function serverOptions(
  { limits, keepalive }: Config,
  tls: ServedTls | undefined,
): FastifyServerOptions {
  const timeouts: TlsOptions = {
    maxHeaderSize: headBytesMax,
    headersTimeout: keepalive.handshakeTimeoutMs,
    // Else those who are late are looked for every 30 seconds only.
    connectionsCheckingInterval: Math.ceil(keepalive.handshakeTimeoutMs / 4),
    // Bytes that were announced count as under way, so they have to come at some time.
    requestTimeout: Math.max(keepalive.idleMs, keepalive.handshakeTimeoutMs),
  }
  const options = {
    bodyLimit: limits.messageBytesMax,
    routerOptions: { maxParamLength: paramLengthMax },
    // A stream is never quiet for so long: it has heartbeats. Who does not read them is cut off.
    connectionTimeout: Math.max(keepalive.idleMs, keepalive.timeMs + keepalive.timeoutMs),
    keepAliveTimeout: keepalive.idleMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    frameworkErrors: answerBadPath,
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: true,
        allErrors: false,
        // Errors then know the description of what is wrong.
        verbose: true,
      },
    },
  } as const
  if (tls === undefined) return { ...options, http: timeouts } as FastifyServerOptions
  const https: TlsOptions = { ...timeouts, ...tlsOptionsOf(tls.files, keepalive) }
  return { ...options, https } as FastifyServerOptions
}

function renewCertificate(app: FastifyInstance, tls: ServedTls | undefined): void {
  const end = tls?.onChange((files) => {
    ;(app.server as unknown as TlsServer).setSecureContext(secureContextOf(files))
  })
  if (end !== undefined) app.addHook('onClose', async () => end())
}

const openapi = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Goethe', description: 'An append-only event log', version: '1' },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } as const } },
    security: [{}, { bearer: [] }],
  },
  transform: ({ schema, url, route }: { schema: unknown; url: string; route: unknown }) => {
    const { config } = route as { config?: { describedBody?: unknown } }
    const body = config?.describedBody
    return { schema: body === undefined ? schema : { ...(schema as object), body }, url }
  },
} as Parameters<FastifyInstance['register']>[1]

/** A connection that is kept for the next request would keep the server from stopping. */
function leaveWhenStopping(app: FastifyInstance, { stopping }: ServerContext): void {
  app.addHook('onSend', async (_request, reply) => {
    if (stopping.aborted) void reply.header('connection', 'close')
  })
  app.addHook('onResponse', async () => {
    if (stopping.aborted) {
      setImmediate(() => {
        app.server.closeIdleConnections()
      })
    }
  })
}

/** Bodies of JSON, but for those that are stored as they are. */
function parseBodies(app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (_request, body, done) => {
      try {
        done(null, parseExactJson(body, 'The body'))
      } catch (error) {
        done(error as Error)
      }
    },
  )
}

function refuseManyFields(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.rawHeaders.length <= 2 * headFieldsMax) return
    // What comes behind such a head is not trusted either.
    void reply.header('connection', 'close')
    throw new GoetheError(
      'GOETHE_INVALID_ARGUMENT',
      `The request has ${raw.rawHeaders.length / 2} header fields or more, where ${headFieldsMax} are the most`,
    )
  })
}

function refuseWhileStopping(app: FastifyInstance, { stopping }: ServerContext): void {
  app.addHook('onRequest', async () => {
    if (!stopping.aborted) return
    throw new GoetheError('GOETHE_UNAVAILABLE', 'The server stops; try again, or another one', {
      details: { retryDelayMs: 1000 },
    })
  })
}

async function stop(
  app: FastifyInstance,
  { clock, logger }: ServerContext,
  deadlineMs: number,
): Promise<void> {
  const cutOff = (): void => {
    // A server that could not start has none, and no deadline either.
    app.server.getConnections((_error, connections) => {
      if (connections === 0) return
      logger.warn('Connections of HTTP are cut off, because the deadline is over')
      app.server.closeAllConnections()
    })
  }
  const closed = app.close()
  if (deadlineMs === 0) cutOff()
  const cancel = clock.setTimer(cutOff, deadlineMs)
  try {
    await closed
  } finally {
    cancel()
  }
}
