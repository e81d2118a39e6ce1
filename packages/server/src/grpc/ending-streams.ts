import type { Server, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Writable } from 'node:stream'
import { serviceError, stoppingError } from './grpc-call.js'

/** What services are added to. */
export type ServiceHost = Pick<Server, 'addService'>

/**
 * A server for services that others have written: their streams end when the signal fires. Else
 * they would go on as long as their callers want, and the server with them.
 */
export function endingStreams(server: ServiceHost, stopping: AbortSignal): ServiceHost {
  const streams = new Set<Writable>()
  const end = (stream: Writable): void => {
    stream.emit('error', serviceError(stoppingError()))
  }
  stopping.addEventListener('abort', () => {
    for (const stream of streams) end(stream)
  })
  const ending =
    (handler: Handler): Handler =>
    (call, callback) => {
      if (callback !== undefined) return handler(call, callback)
      streams.add(call)
      // Comes behind every end of a stream, and not only when its caller goes away.
      call.once('cancelled', () => streams.delete(call))
      handler(call)
      if (stopping.aborted) end(call)
    }
  return {
    addService(definition, implementation) {
      const handlers = Object.entries(handlersOf(implementation))
      const all = Object.fromEntries(handlers.map(([name, handler]) => [name, ending(handler)]))
      server.addService(definition, implementationOf(all))
    },
  }
}

/** Calls that are no streams have a second argument. */
export type Handler = (call: Writable, callback?: unknown) => void

/** Handlers of any kind of call as one type, which those of grpc-js have not in common. */
export function handlersOf(implementation: object): Record<string, Handler> {
  return implementation as Record<string, Handler>
}

/** Back again. */
export function implementationOf(handlers: Record<string, Handler>): UntypedServiceImplementation {
  return handlers as unknown as UntypedServiceImplementation
}
