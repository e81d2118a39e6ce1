/** Connections that carry so many bytes in a second and no more, each way. */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

export class SlowLinks {
  readonly #bytesPerMs: number
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000
  }

  /** Resolves to the port by which this one is reached slowly. */
  async to(port: number): Promise<number> {
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      this.#carry(near, far)
      this.#carry(far, near)
    })
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) await new Promise((resolve) => server.close(resolve))
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    from.on('data', (bytes) => {
      from.pause()
      to.write(bytes)
      setTimeout(() => from.resume(), bytes.length / this.#bytesPerMs)
    })
  }
}
