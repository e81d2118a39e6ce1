/** A log behind a server behind a proxy, and clients that reach it through that. */
import { type EventLog, isGoetheError } from '@goethe/core'
import type { Client } from '../src/client.js'
import { connect } from '../src/connect.js'
import type { ConnectOptions } from '../src/options.js'
import { TcpProxy } from './tcp-proxy.js'
import { TestServer, type TestServerOptions, memoryLog } from './test-server.js'

export class Served implements AsyncDisposable {
  readonly log: EventLog
  readonly proxy: TcpProxy
  server: TestServer
  readonly #clients: Client[] = []
  readonly #options: TestServerOptions

  private constructor(
    log: EventLog,
    server: TestServer,
    proxy: TcpProxy,
    options: TestServerOptions,
  ) {
    this.log = log
    this.server = server
    this.proxy = proxy
    this.#options = options
  }

  static async start(options: TestServerOptions = {}): Promise<Served> {
    const log = await memoryLog()
    const server = await TestServer.start(log, options)
    return new Served(log, server, await TcpProxy.start(server.address), options)
  }

  /** A client that is closed with all the rest. */
  connect(options?: ConnectOptions): Client {
    const client = connect(this.proxy.address, options)
    this.#clients.push(client)
    return client
  }

  /** Another server on the same log, which the proxy leads to from now on. */
  async restart(): Promise<void> {
    await this.server.stop(0)
    this.server = await TestServer.start(this.log, this.#options)
    this.proxy.target = this.server.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.heal()
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.proxy.stop()
    await this.server.stop(0)
    await this.log.close()
  }
}

/** Resolves once the client is connected, however short its deadline is and however slow the machine. */
export async function untilConnected(client: Client): Promise<void> {
  for (;;) {
    try {
      await client.topics()
      return
    } catch (error) {
      if (!isGoetheError(error, 'GOETHE_UNAVAILABLE') && !isGoetheError(error, 'GOETHE_DEADLINE')) {
        throw error
      }
    }
  }
}

/** The texts of a topic's events, or of all. */
export async function textsOf(log: EventLog, topic: string): Promise<string[]> {
  return (await log.read(topic).toArray()).map((event) => event.text())
}
