/** The port that peers connect to. Those that have not said who they are are bounded in number. */
import {
  type AddressInfo,
  type Server,
  type Socket,
  createServer as createTcpServer,
} from 'node:net'
import { Server as TlsServer, createServer as createTlsServer } from 'node:tls'
import { GoetheError, assert } from '@goethe/core'
import { AcceptedConnection, type AcceptedHandler } from './accepted-connection.js'
import { PeerRefusal, problemKindOf } from './peer-refusal.js'
import type { PeerSettings } from './peer-settings.js'
import { type PeerTlsFiles, tlsSettings } from './peer-tls.js'
import type { ListenCounters, PeerProblemKind } from './peer-transport.js'
import { RepeatedProblems } from './repeated-problems.js'

/** Far more than members ever make; what is beyond is closed by the system. */
const connectionsMax = 1024

export class PeerListener {
  readonly counters: ListenCounters = {
    accepted: 0,
    refused: {
      unreachable: 0,
      unauthenticated: 0,
      'wrong-cluster': 0,
      'wrong-member': 0,
      'name-taken': 0,
      version: 0,
      hostile: 0,
      busy: 0,
    },
  }
  readonly #settings: PeerSettings
  readonly #handler: AcceptedHandler
  readonly #server: Server
  /** Also those that still agree on TLS. */
  readonly #sockets = new Set<Socket>()
  readonly #problems: RepeatedProblems
  /** The oldest first. */
  readonly #strangers = new Set<AcceptedConnection>()

  constructor(settings: PeerSettings, handler: AcceptedHandler) {
    this.#settings = settings
    this.#problems = new RepeatedProblems(settings.clock)
    this.#handler = {
      refusalOf: handler.refusalOf,
      onPeer: (connection, purpose) => {
        this.#strangers.delete(connection)
        handler.onPeer(connection, purpose)
      },
      onFrame: handler.onFrame,
      onReceiving: handler.onReceiving,
      onEnd: (connection, error) => {
        this.#strangers.delete(connection)
        handler.onEnd(connection, error)
        this.#onEnd(connection, error)
      },
    }
    this.#server = this.#createServer()
    this.#server.maxConnections = connectionsMax
  }

  async listen({ host, port }: { host: string; port: number }) {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: Error) => {
        const message = `Members cannot be listened to at ${host}:${port}: ${cause.message}`
        reject(new GoetheError('GOETHE_UNAVAILABLE', message, { cause }))
      })
      this.#server.listen({ host, port }, () => {
        this.#server.removeAllListeners('error')
        // A connection that could not be accepted is lost; the port stays open.
        this.#server.on('error', (error) => {
          this.#report('unreachable', undefined, `${host}:${port}`, error.message)
        })
        resolve()
      })
    })
    const address = this.#server.address() as AddressInfo
    return { host: address.address, port: address.port }
  }

  /** Connections from now on are accepted with these. Throws for files that are no certificate. */
  setTls(files: PeerTlsFiles): void {
    assert(this.#server instanceof TlsServer, 'TLS is not switched on while members run')
    this.#server.setSecureContext(files)
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #createServer(): Server {
    const { tls, limits } = this.#settings
    const server =
      tls === undefined
        ? createTcpServer({ noDelay: true })
        : createTlsServer({
            ...tlsSettings(tls),
            noDelay: true,
            handshakeTimeout: limits.handshakeMs,
          })
    server.on('connection', (socket: Socket) => {
      this.counters.accepted++
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
      if (tls === undefined) this.#accept(socket)
    })
    server.on('secureConnection', (socket: Socket) => {
      this.#accept(socket)
    })
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      // Node leaves it open after a time-out.
      socket.destroy()
      const kind = problemKindOf(error)
      // Those that just went away, such as a probe of the port, say nothing about certificates.
      if (kind === 'unreachable') return
      const { reason, code = error.message } = error as { reason?: string; code?: string }
      this.#report(
        kind,
        undefined,
        'unknown',
        `A connection did not get through TLS: ${reason ?? code}`,
      )
    })
    return server
  }

  #accept(socket: Socket): void {
    // It went away while it was accepted.
    if (socket.destroyed) return
    this.#strangers.add(new AcceptedConnection(this.#settings, socket, this.#handler))
    if (this.#strangers.size <= this.#settings.limits.strangersMax) return
    const [oldest] = this.#strangers
    oldest!.end(new PeerRefusal('busy', 'Too many connections have not said who they are'))
  }

  #onEnd({ peer, address }: AcceptedConnection, error: Error): void {
    const kind = problemKindOf(error)
    // It went away, or was lost: its own end says more about that.
    if (kind !== 'unreachable') this.#report(kind, peer?.member, address, error.message)
  }

  #report(
    kind: PeerProblemKind,
    member: string | undefined,
    address: string,
    message: string,
  ): void {
    this.counters.refused[kind]++
    const problem = { kind, member, address, message }
    if (this.#problems.isNews(problem)) this.#settings.onProblem(problem)
  }
}
