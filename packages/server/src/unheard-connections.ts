/**
 * Connections of a port of which its protocol knows nothing yet: TLS is not agreed on, or nothing was
 * said. Nobody else ends them when the server stops, and they would hold it up until they time out.
 */
import type { Server, Socket } from 'node:net'

export class UnheardConnections {
  readonly #sockets = new Map<string, Socket>()
  #ended = false

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      if (this.#ended) {
        socket.destroy()
        return
      }
      const name = nameOf(socket)
      this.#sockets.set(name, socket)
      socket.once('close', () => {
        if (this.#sockets.get(name) === socket) this.#sockets.delete(name)
      })
    })
  }

  /** From now on the protocol ends it. */
  heard(socket: Socket): void {
    this.#sockets.delete(nameOf(socket))
  }

  /** Ends them all, and those that still come. */
  end(): void {
    this.#ended = true
    for (const socket of this.#sockets.values()) socket.destroy()
  }
}

/** TLS has a second socket for the same connection. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
