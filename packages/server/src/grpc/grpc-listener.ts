/**
 * The port of gRPC. grpc-js listens by itself only where nobody else can count, limit and time its
 * connections; so they are taken here, and handed over once they have shown that they speak HTTP/2.
 * What says nothing, or something else, costs a socket for a while and nothing more.
 */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { type TlsOptions, createServer as createTlsServer } from 'node:tls'
import { GoetheError } from '@goethe/core'
import { limitConnections } from '../connections.js'
import type { ServedTls } from '../served-tls.js'
import type { Address, ServerContext } from '../server-context.js'
import { secureContextOf, tlsOptionsOf } from '../tls-files.js'
import { UnheardConnections } from '../unheard-connections.js'

/** What every connection of HTTP/2 begins with (RFC 9113, 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** What others are told, such as curl or a probe that mistook this port for the other one. */
const wrongPort = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n' +
    'This port speaks gRPC over HTTP/2; http.port is the one for HTTP/1.1\n',
)

/** The certificate of a port, and how to hear of a new one. */
export type PortTls = Pick<ServedTls, 'files' | 'onChange'>

export interface GrpcListenerOptions {
  /** Default: none, plain text. */
  tls?: PortTls | undefined
  /** Gets each connection that has begun to speak HTTP/2. */
  onConnection: (socket: Socket) => void
}

export class GrpcListener {
  readonly address: Address
  readonly #server: Server
  readonly #sockets: ReadonlySet<Socket>
  /** Those of them that were not handed over yet. */
  readonly #unheard: UnheardConnections
  readonly #endRenewal: (() => void) | undefined

  private constructor(
    server: Server,
    sockets: ReadonlySet<Socket>,
    unheard: UnheardConnections,
    endRenewal: (() => void) | undefined,
  ) {
    const { address, port } = server.address() as AddressInfo
    this.address = { host: address, port }
    this.#server = server
    this.#sockets = sockets
    this.#unheard = unheard
    this.#endRenewal = endRenewal
  }

  /** Rejects with GOETHE_UNAVAILABLE where the address cannot be had. */
  static async open(
    context: ServerContext,
    { tls, onConnection }: GrpcListenerOptions,
  ): Promise<GrpcListener> {
    const { host, port } = context.config.grpc
    const { server, endRenewal } = createPort(context, tls)
    limitConnections(server, 'grpc', context)
    const sockets = new Set<Socket>()
    const unheard = new UnheardConnections(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      awaitPreface(socket, context, () => {
        unheard.heard(socket)
        onConnection(socket)
      })
    })
    try {
      const { address } = await lookup(host)
      server.listen({ host: address, port })
      await once(server, 'listening')
    } catch (cause) {
      endRenewal?.()
      throw new GoetheError(
        'GOETHE_UNAVAILABLE',
        `gRPC cannot listen on ${host}:${port} (grpc.host, grpc.port): ${(cause as Error).message}`,
        { cause },
      )
    }
    return new GrpcListener(server, sockets, unheard, endRenewal)
  }

  /** Takes no more connections, and resolves once those that are there have ended. */
  async close(): Promise<void> {
    this.#endRenewal?.()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#unheard.end()
    await closed
  }

  /** Breaks all connections. */
  cutOff(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

function createPort(
  { config }: ServerContext,
  tls: PortTls | undefined,
): { server: Server; endRenewal: (() => void) | undefined } {
  if (tls === undefined) {
    return { server: createServer({ noDelay: true }), endRenewal: undefined }
  }
  const options: TlsOptions = {
    ...tlsOptionsOf(tls.files, config.keepalive),
    ALPNProtocols: ['h2'],
    noDelay: true,
  }
  const server = createTlsServer(options)
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const endRenewal = tls.onChange((files) => {
    server.setSecureContext(secureContextOf(files))
  })
  return { server, endRenewal }
}

/** Calls back when a connection has shown that it speaks HTTP/2, with nothing of it taken away. */
function awaitPreface(
  socket: Socket,
  { clock, config }: ServerContext,
  onPreface: () => void,
): void {
  const destroy = (): void => {
    socket.destroy()
  }
  const cancel = clock.setTimer(destroy, config.keepalive.handshakeTimeoutMs, 'background')
  const onReadable = (): void => {
    const first = socket.read(preface.length) as Buffer | null
    if (first === null) return
    end()
    if (first.equals(preface)) {
      socket.unshift(first)
      onPreface()
    } else {
      refuse(socket)
    }
  }
  const end = (): void => {
    cancel()
    socket.off('readable', onReadable)
    socket.off('close', end)
    socket.off('end', destroy)
  }
  // One that breaks before it has said anything is nobody's trouble; from then on grpc-js listens.
  socket.on('error', () => undefined)
  socket.on('readable', onReadable)
  socket.once('close', end)
  socket.once('end', destroy)
}

/** Says what this port is for, also to those who want TLS, and waits for no more. */
function refuse(socket: Socket): void {
  // What is left unread would break the connection before the answer has arrived.
  socket.resume()
  socket.end(wrongPort, () => socket.destroy())
}
