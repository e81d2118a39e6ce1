/**
 * Ports for servers that others have to know before they listen, or that listen again later: nobody
 * else gets one of them meanwhile.
 */
import { type Server, createServer } from 'node:net'

/**
 * Below those that a system gives to connections that set out and to servers that take any port: from
 * 32,768 on by default on Linux, and from 49,152 on elsewhere.
 */
const range = { first: 10_240, end: 32_768 }

/** Ports in a block, which one process has for itself. */
const blockSize = 64

/**
 * A process owns a block while it listens on the first port of it, and lets go of it by ending. Ports
 * are handed out once each, so that whoever has one may stop and listen again.
 */
class OwnPorts {
  #next = 0
  #end = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** Ports that nobody listens on. */
  take(count: number): Promise<number[]> {
    const taken = this.#turn.then(() => this.#take(count))
    this.#turn = taken.catch(() => undefined)
    return taken
  }

  async #take(count: number): Promise<number[]> {
    const ports: number[] = []
    while (ports.length < count) {
      if (this.#next === this.#end) await this.#claim()
      const port = this.#next++
      const server = await listenOn(port)
      if (server === undefined) continue
      await new Promise((resolve) => server.close(resolve))
      ports.push(port)
    }
    return ports
  }

  /** Takes the first block that is nobody's, from a place on that differs from process to process. */
  async #claim(): Promise<void> {
    const blocks = Math.floor((range.end - range.first) / blockSize)
    for (let tried = 0; tried < blocks; tried++) {
      const first = range.first + ((process.pid + tried) % blocks) * blockSize
      const claim = await listenOn(first)
      if (claim === undefined) continue
      claim.unref()
      this.#next = first + 1
      this.#end = first + blockSize
      return
    }
    throw new Error(`All ports from ${range.first} to ${range.end - 1} are in use`)
  }
}

const ownPorts = new OwnPorts()

/** Ports that nobody listens on, and that nobody else is given as long as this process lives. */
export function freePorts(count: number): Promise<number[]> {
  return ownPorts.take(count)
}

/** One of them. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port!
}

/** Undefined where somebody else listens. */
function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
