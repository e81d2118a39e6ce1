/** The gRPC services on their port. */
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { GoetheError } from '@goethe/core'
import { type Method, eventLogMethods } from '@goethe/protocol'
import type { Config } from '../config.js'
import type { Listener, ServerContext } from '../server-context.js'
import { append, appendAll, appendStream } from './append-service.js'
import { consume } from './consume-service.js'
import {
  commitCursor,
  deleteCursor,
  getCursor,
  listCursors,
  openCursor,
  seekCursor,
} from './cursor-service.js'
import { type Call, CallRecord, answer, beginCall } from './grpc-call.js'
import { type OutgoingStream, type StreamCall, serveStream } from './grpc-stream.js'
import { addHealthService } from './health-service.js'
import { legacyService } from './legacy-service.js'
import { methodDefinition } from './method-definition.js'
import { read, seek } from './read-service.js'
import { addReflectionService } from './reflection-service.js'
import { RemoteConsumers } from './remote-consumers.js'
import {
  deleteTopic,
  describeTopic,
  histogram,
  listTopics,
  setRetention,
  trimTopic,
} from './topic-service.js'
import { exportLog, importLog, status, verify } from './transfer-service.js'

/** What only gRPC needs. */
export interface GrpcOptions {
  /** Default: none, plain text. */
  credentials?: ServerCredentials | undefined
}

/** Starts to listen. Rejects with GOETHE_INVALID_ARGUMENT where the address cannot be had. */
export async function startGrpc(
  context: ServerContext,
  { credentials = ServerCredentials.createInsecure() }: GrpcOptions = {},
): Promise<Listener> {
  const { config, logger, clock } = context
  const server = new Server(serverOptions(config))
  const consumers = new RemoteConsumers(clock)
  const { definition, implementation } = eventLogService(context, consumers)
  server.addService(definition, implementation)
  if (config.legacy) {
    const legacy = legacyService(context)
    server.addService(legacy.definition, legacy.implementation)
  }
  addHealthService(server, context)
  addReflectionService(server, context)
  const { host } = config.grpc
  const port = await bind(server, host, config.grpc.port, credentials)
  logger.info({ host, port }, 'gRPC listens')
  return {
    address: { host, port },
    stop: async (deadlineMs) => {
      await stop(server, deadlineMs, clock)
      await consumers.close()
    },
  }
}

function serverOptions({ limits, keepalive }: Config): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': limits.streamsPerConnection,
    'grpc.keepalive_time_ms': keepalive.timeMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    'grpc.max_connection_idle_ms': keepalive.idleMs,
    // A window of 64 KiB, the default, would make each message wait for the one before.
    'grpc-node.flow_control_window': flowControlWindowBytes,
  }
}

const flowControlWindowBytes = 4 * 1024 * 1024

function eventLogService(
  context: ServerContext,
  consumers: RemoteConsumers,
): { definition: ServiceDefinition; implementation: UntypedServiceImplementation } {
  const definition: Record<string, unknown> = {}
  const implementation: UntypedServiceImplementation = {}
  const add = (name: string, method: Method<never, never>, handler: unknown): void => {
    definition[name] = methodDefinition(method as unknown as Method<unknown, unknown>)
    implementation[name] = handler as UntypedServiceImplementation[string]
  }
  const unary = <Request, Response>(
    name: keyof typeof eventLogMethods,
    method: Method<Request, Response>,
    work: (call: Call, request: Request) => Promise<Response>,
  ): void => {
    const title = titleOf(method)
    const handler = (
      call: ServerUnaryCall<Request, Response>,
      callback: sendUnaryData<Response>,
    ): void => {
      const record = new CallRecord(context, title, 'request', call.metadata)
      answer(record, async () => work(await beginCall(context, call), call.request), callback)
    }
    add(name, method as Method<never, never>, handler)
  }
  const stream = <Request, Response, Stream extends OutgoingStream>(
    name: keyof typeof eventLogMethods,
    method: Method<Request, Response>,
    work: (call: StreamCall, stream: Stream) => Promise<void>,
  ): void => {
    const title = titleOf(method)
    const handler = (call: Stream): void => {
      serveStream(context, title, call, (streamCall) => work(streamCall, call))
    }
    add(name, method as Method<never, never>, handler)
  }
  const methods = eventLogMethods
  unary('append', methods.append, append)
  unary('appendAll', methods.appendAll, appendAll)
  unary('seek', methods.seek, seek)
  unary('openCursor', methods.openCursor, openCursor)
  unary('getCursor', methods.getCursor, getCursor)
  unary('commitCursor', methods.commitCursor, commitCursor)
  unary('seekCursor', methods.seekCursor, seekCursor)
  unary('deleteCursor', methods.deleteCursor, deleteCursor)
  unary('listCursors', methods.listCursors, listCursors)
  unary('listTopics', methods.listTopics, listTopics)
  unary('describeTopic', methods.describeTopic, describeTopic)
  unary('histogram', methods.histogram, histogram)
  unary('setRetention', methods.setRetention, setRetention)
  unary('trimTopic', methods.trimTopic, trimTopic)
  unary('deleteTopic', methods.deleteTopic, deleteTopic)
  unary('status', methods.status, status)
  stream('appendStream', methods.appendStream, appendStream)
  stream('read', methods.read, read)
  stream('verify', methods.verify, verify)
  stream('export', methods.export, exportLog)
  stream('import', methods.import, importLog)
  stream('consume', methods.consume, (call, duplex: Parameters<typeof consume>[2]) =>
    consume(consumers, call, duplex),
  )
  return { definition: definition as ServiceDefinition, implementation }
}

/** The method's name, for metrics and spans. */
function titleOf({
  path,
}: Method<never, never> | Method<unknown, unknown> | { path: string }): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

async function bind(
  server: Server,
  host: string,
  port: number,
  credentials: ServerCredentials,
): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else {
        reject(
          new GoetheError(
            'GOETHE_UNAVAILABLE',
            `gRPC cannot listen on ${address} (grpc.host, grpc.port): ${error.message}`,
            { cause: error },
          ),
        )
      }
    })
  })
}

/** Waits for what is under way, but no longer than the deadline. */
async function stop(
  server: Server,
  deadlineMs: number,
  clock: ServerContext['clock'],
): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.setTimer(() => {
      server.forceShutdown()
      resolve()
    }, deadlineMs)
    server.tryShutdown(() => {
      cancel()
      resolve()
    })
  })
}
