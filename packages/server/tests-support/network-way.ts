/** A way to a server that can be cut, as when a machine or a network between vanishes. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'

export interface NetworkWay extends AsyncDisposable {
  /** `host:port` to go instead of the server's own. */
  readonly address: string
  /** Breaks all connections. */
  cut(): void
}

/** Opens a way to `host:port`. */
export async function openWay(to: string): Promise<NetworkWay> {
  const [host = '', port = ''] = to.split(':')
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), host)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
