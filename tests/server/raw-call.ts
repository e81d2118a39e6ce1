/** Calls of gRPC whose bytes are given, right or wrong. */
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type SessionOptions,
  connect,
} from 'node:http2'
import type { Address } from './server-process.js'

export interface CallEnd {
  /** As in grpc-status; undefined where the stream was broken off without one. */
  status: number | undefined
  message: string
}

export class RawCaller implements Disposable {
  readonly #session: ClientHttp2Session

  private constructor(session: ClientHttp2Session) {
    this.#session = session
  }

  static async open({ host, port }: Address, settings: SessionOptions = {}): Promise<RawCaller> {
    // By default it would refuse answers while much is waiting to be sent.
    const session = connect(`http://${host}:${port}`, { maxSessionMemory: 10_000, ...settings })
    session.on('error', () => undefined)
    // With its settings the server says how many streams it takes.
    await once(session, 'remoteSettings')
    return new RawCaller(session)
  }

  /** Begins a call of a method, such as `Append`. */
  begin(method: string, headers: Record<string, string> = {}): ClientHttp2Stream {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': method.startsWith('/') ? method : `/goethe.v1.EventLog/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    stream.on('error', () => undefined)
    return stream
  }

  /** Sends a body, ends it, and waits for the answer. */
  async ask(
    method: string,
    body: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<CallEnd> {
    const stream = this.begin(method, headers)
    const end = endOf(stream)
    stream.end(body)
    return end
  }

  [Symbol.dispose](): void {
    this.#session.destroy()
  }
}

/** How a call ends. What it answers before is thrown away. */
export async function endOf(stream: ClientHttp2Stream): Promise<CallEnd> {
  let end: CallEnd = { status: undefined, message: '' }
  const take = (headers: IncomingHttpHeaders): void => {
    if (headers['grpc-status'] === undefined) return
    const message = decodeURIComponent(String(headers['grpc-message'] ?? ''))
    end = { status: Number(headers['grpc-status']), message }
    // The server has answered, and does not want the rest.
    stream.close()
  }
  stream.on('response', take)
  stream.on('trailers', take)
  stream.resume()
  if (!stream.closed || !stream.destroyed)
    await new Promise((resolve) => stream.once('close', resolve))
  return end
}

/** A message with the head that says how long it is. */
export function message(
  bytes: Uint8Array,
  { compressed = false, length = bytes.length }: { compressed?: boolean; length?: number } = {},
): Buffer {
  const head = Buffer.alloc(5)
  head[0] = compressed ? 1 : 0
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, bytes])
}
