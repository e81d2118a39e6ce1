/**
 * How much a caller may send before the server has taken what came before. HTTP/2 begins with
 * 64 KiB for a connection and for each of its streams, so that a message of 100 KB has to wait
 * halfway for a word from the server; and grpc-js, which has an option for it, heeds that in clients
 * alone.
 */
import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'

/** What is used of a call of grpc-js; it keeps it to itself, and tests hold it to it. */
interface IncomingCall {
  readonly stream: Pick<ServerHttp2Stream, 'session'>
}

/** Opens the windows of a connection with its first call, before that is answered. */
export function flowControl(windowBytes: number): ServerInterceptor {
  const opened = new WeakSet<Http2Session>()
  return (_method, next) => {
    const { session } = (next as unknown as IncomingCall).stream
    if (session !== undefined && !session.destroyed && !opened.has(session)) {
      opened.add(session)
      session.setLocalWindowSize(windowBytes)
      session.settings({ initialWindowSize: windowBytes })
    }
    return next as unknown as ServerInterceptingCall
  }
}
