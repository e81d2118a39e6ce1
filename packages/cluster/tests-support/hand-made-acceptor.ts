/** A member that accepts connections, does the handshake, and reads only what a test wants read. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { FrameReader, encodeFrame } from '../src/transport/frame.js'
import { AcceptorHandshake } from '../src/transport/handshake.js'
import type { PeerPurpose } from '../src/transport/hello.js'
import { sharedSecret } from './peers.js'

interface HeardMessage {
  purpose: PeerPurpose
  text: string
}

export class HandMadeAcceptor {
  readonly port: number
  /** Nothing is read of connections for this after their handshake. */
  unread: PeerPurpose | undefined
  readonly #member: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #onMessage: ((message: HeardMessage) => void) | undefined

  private constructor(member: string, server: Server) {
    this.#member = member
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      this.#accept(socket)
    })
  }

  static async start(member: string): Promise<HandMadeAcceptor> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new HandMadeAcceptor(member, server)
  }

  nextMessage(): Promise<HeardMessage> {
    return new Promise((resolve) => {
      this.#onMessage = resolve
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    const handshake = new AcceptorHandshake({
      self: { clusterId: undefined, member: this.#member, storeId: 's', incarnation: 'i' },
      secrets: [sharedSecret],
      nonce: randomBytes(32),
      binding: Buffer.alloc(0),
      certificateProblem: () => undefined,
    })
    let purpose: PeerPurpose | undefined
    const reader = new FrameReader(2 ** 20, true, (kind, body) => {
      if (kind === 'hello') socket.write(encodeFrame('hello', [handshake.onHello(body)], true)[0]!)
      if (kind === 'proof') {
        const accepted = handshake.onProof(body)
        purpose = accepted.purpose
        socket.write(encodeFrame('proof', [accepted.proof], true)[0]!)
        if (purpose === this.unread) socket.pause()
      }
      if (kind === 'message') this.#onMessage?.({ purpose: purpose!, text: body.toString() })
    })
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes)
    })
  }
}
