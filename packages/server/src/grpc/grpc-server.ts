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
import { type Method, clusterMethods, eventLogMethods } from '@goethe/protocol'
import type { Config } from '../config.js'
import type { Listener, ServerContext } from '../server-context.js'
import { append, appendAll, appendStream } from './append-service.js'
import {
  addMember,
  describeCluster,
  handOver,
  recover,
  removeMember,
  setMinInSync,
} from './cluster-service.js'
import { consume } from './consume-service.js'
import {
  commitCursor,
  deleteCursor,
  getCursor,
  listCursors,
  openCursor,
  seekCursor,
} from './cursor-service.js'
import { flowControl } from './flow-control.js'
import { type Call, CallRecord, answer, beginUnaryCall } from './grpc-call.js'
import { type OutgoingStream, type StreamCall, serveStream } from './grpc-stream.js'
import { GrpcListener, type PortTls } from './grpc-listener.js'
import { addHealthService } from './health-service.js'
import { legacyService } from './legacy-service.js'
import { messageAdmission } from './message-admission.js'
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
  tls?: PortTls | undefined
}

/** Starts to listen. Rejects with GOETHE_UNAVAILABLE where the address cannot be had. */
export async function startGrpc(
  context: ServerContext,
  { tls }: GrpcOptions = {},
): Promise<Listener> {
  const { config, logger, clock } = context
  const server = new Server({
    ...serverOptions(config),
    interceptors: [flowControl(windowBytes), messageAdmission(context)],
  })
  const consumers = new RemoteConsumers(clock)
  for (const service of [eventLogService(context, consumers), clusterService(context)]) {
    server.addService(service.definition, service.implementation)
  }
  if (config.legacy) {
    const legacy = legacyService(context)
    server.addService(legacy.definition, legacy.implementation)
  }
  addHealthService(server, context)
  addReflectionService(server, context)
  // TLS is over where connections are handed over.
  const { injectConnection } = server.createConnectionInjector(ServerCredentials.createInsecure())
  const listener = await GrpcListener.open(context, { tls, onConnection: injectConnection })
  const { address } = listener
  logger.info(address, 'gRPC listens')
  return {
    address,
    stop: async (deadlineMs) => {
      await stop(server, listener, deadlineMs, clock)
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
    // Nobody asks for its statistics, which cost memory for each connection and time for each call.
    'grpc.enable_channelz': 0,
  }
}

/** What one connection, and each of its streams, may have sent and the server not taken yet. */
const windowBytes = 1024 * 1024

interface Service {
  readonly definition: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
}

/** Collects the methods of a service. */
function serviceBuilder(context: ServerContext) {
  const definition: Record<string, unknown> = {}
  const implementation: UntypedServiceImplementation = {}
  const add = (name: string, method: Method<never, never>, handler: unknown): void => {
    definition[name] = methodDefinition(method as unknown as Method<unknown, unknown>)
    implementation[name] = handler as UntypedServiceImplementation[string]
  }
  const unary = <Request, Response>(
    name: string,
    method: Method<Request, Response>,
    work: (call: Call, request: Request) => Promise<Response>,
  ): void => {
    const title = titleOf(method)
    const handler = (
      call: ServerUnaryCall<Request, Response>,
      callback: sendUnaryData<Response>,
    ): void => {
      const record = new CallRecord(context, title, 'request', call.metadata, serviceOf(method))
      answer(record, async () => work(await beginUnaryCall(context, call), call.request), callback)
    }
    add(name, method as Method<never, never>, handler)
  }
  const stream = <Request, Response, Stream extends OutgoingStream>(
    name: string,
    method: Method<Request, Response>,
    work: (call: StreamCall, stream: Stream) => Promise<void>,
  ): void => {
    const title = titleOf(method)
    const handler = (call: Stream): void => {
      serveStream(context, title, call, (streamCall) => work(streamCall, call))
    }
    add(name, method as Method<never, never>, handler)
  }
  const service: Service = { definition: definition as ServiceDefinition, implementation }
  return { unary, stream, service }
}

function clusterService(context: ServerContext): Service {
  const { unary, service } = serviceBuilder(context)
  const methods = clusterMethods
  unary('describeCluster', methods.describeCluster, describeCluster)
  unary('handOver', methods.handOver, handOver)
  unary('removeMember', methods.removeMember, removeMember)
  unary('addMember', methods.addMember, addMember)
  unary('setMinInSync', methods.setMinInSync, setMinInSync)
  unary('recover', methods.recover, recover)
  return service
}

function eventLogService(context: ServerContext, consumers: RemoteConsumers): Service {
  const { unary, stream, service } = serviceBuilder(context)
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
  return service
}

/** The method's name, for metrics and spans. */
function titleOf({
  path,
}: Method<never, never> | Method<unknown, unknown> | { path: string }): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function serviceOf({ path }: { path: string }): string {
  return path.slice(1, path.lastIndexOf('/'))
}

/** Waits for what is under way, but no longer than the deadline. */
async function stop(
  server: Server,
  listener: GrpcListener,
  deadlineMs: number,
  clock: ServerContext['clock'],
): Promise<void> {
  const closed = listener.close()
  const cancel = clock.setTimer(() => {
    server.forceShutdown()
    listener.cutOff()
  }, deadlineMs)
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => {
      resolve()
    })
  })
  await closed
  cancel()
}
