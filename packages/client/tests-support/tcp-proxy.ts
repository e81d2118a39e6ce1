/**
 * A TCP proxy between a client and a server that does to connections what networks do: cuts them,
 * also in the middle of a message, freezes them, refuses them. Only what a test says happens.
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

/** Which way bytes go. */
export type Direction = 'up' | 'down'

interface Link {
  down: Socket
  up: Socket
  /** Bytes that still pass in each direction; then the connection is cut. */
  left: Record<Direction, number>
}

export class TcpProxy {
  readonly address: string
  readonly port: number
  /** Where new connections go to. */
  target: number
  targetHost = '127.0.0.1'
  /** Connections that were accepted so far. */
  accepted = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  #mode: 'open' | 'frozen' | 'refusing' = 'open'
  #next: Record<Direction, number> = { up: Infinity, down: Infinity }
  #onAccept: ((left: Record<Direction, number>) => void) | undefined
  #onCut: (() => void)[] = []
  /** Which bytes do not pass. */
  readonly #frozen = new Set<Direction>()
  readonly #onPass: Record<Direction, (() => void)[]> = { up: [], down: [] }

  private constructor(server: Server, target: number) {
    this.#server = server
    this.target = target
    this.port = (server.address() as AddressInfo).port
    this.address = `goethe://127.0.0.1:${this.port}`
    server.on('connection', (socket) => {
      this.#accept(socket)
    })
  }

  /** `target` is the address of a server, or its port. */
  static async start(target: string | number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: false })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = typeof target === 'number' ? target : Number(new URL(target).port)
    return new TcpProxy(server, port)
  }

  get connections(): number {
    return this.#links.size
  }

  /** Cuts all connections now. */
  cut(): void {
    for (const link of this.#links) this.#cut(link)
  }

  /** Cuts the connections that there are, or the next one, after so many more bytes. */
  cutAfter(direction: Direction, bytes: number): void {
    if (this.#links.size === 0) this.#next[direction] = bytes
    for (const { left } of this.#links) left[direction] = bytes
  }

  /** Is asked about every new connection how many bytes pass in each direction. */
  onAccept(decide: ((left: Record<Direction, number>) => void) | undefined): void {
    this.#onAccept = decide
  }

  /** Resolves when the next connection has been cut. */
  nextCut(): Promise<void> {
    return new Promise((resolve) => {
      this.#onCut.push(resolve)
    })
  }

  /** Nothing passes any more, or not in that direction; connections stay, and new ones are accepted. */
  freeze(direction?: Direction): void {
    this.#mode = 'frozen'
    for (const way of direction === undefined ? (['up', 'down'] as const) : [direction]) {
      this.#frozen.add(way)
    }
    for (const { down, up } of this.#links) {
      if (this.#frozen.has('up')) down.pause()
      if (this.#frozen.has('down')) up.pause()
    }
  }

  /** Resolves when bytes have passed in this direction. */
  nextPass(direction: Direction): Promise<void> {
    return new Promise((resolve) => {
      this.#onPass[direction].push(resolve)
    })
  }

  /** New connections end at once. */
  refuse(): void {
    this.#mode = 'refusing'
  }

  /** All is well again. */
  heal(): void {
    this.#mode = 'open'
    this.#frozen.clear()
    for (const { down, up } of this.#links) {
      down.resume()
      up.resume()
    }
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #accept(down: Socket): void {
    down.on('error', () => undefined)
    if (this.#mode === 'refusing') {
      down.resetAndDestroy()
      return
    }
    this.accepted++
    const up = connect(this.target, this.targetHost)
    const link: Link = { down, up, left: this.#next }
    this.#next = { up: Infinity, down: Infinity }
    this.#onAccept?.(link.left)
    this.#links.add(link)
    up.on('error', () => undefined)
    for (const socket of [down, up]) {
      socket.setNoDelay(true)
      socket.on('close', () => {
        this.#cut(link)
      })
    }
    this.#pass(link, 'up', down, up)
    this.#pass(link, 'down', up, down)
    if (this.#frozen.has('up')) down.pause()
    if (this.#frozen.has('down')) up.pause()
  }

  #pass(link: Link, direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      const left = link.left[direction]
      if (bytes.length < left) {
        link.left[direction] = left - bytes.length
        for (const resolve of this.#onPass[direction].splice(0)) resolve()
        if (!to.write(bytes)) {
          from.pause()
          to.once('drain', () => {
            if (!this.#frozen.has(direction)) from.resume()
          })
        }
        return
      }
      // The last bytes arrive; what they were part of never does.
      from.pause()
      to.end(bytes.subarray(0, left), () => {
        this.#cut(link)
      })
    })
  }

  #cut(link: Link): void {
    if (!this.#links.delete(link)) return
    link.down.destroy()
    link.up.destroy()
    for (const resolve of this.#onCut.splice(0)) resolve()
  }
}
