/**
 * The way to a server: one of the addresses at a time, the next one when that cannot be reached.
 * grpc-js keeps each channel connected by itself, and asks the name service again when that fails.
 */
import {
  type ChannelOptions,
  Client as GrpcClient,
  Metadata,
  connectivityState,
  credentials,
} from '@grpc/grpc-js'
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import { type Address, formatAddress, parseAddresses } from './address.js'
import { closedError } from './failures.js'
import type { CheckedConnectOptions, TlsOptions } from './options.js'

export interface ConnectionEvents {
  connected(address: string): void
  disconnected(address: string, error: GoetheError): void
  reconnected(address: string): void
}

interface Endpoint {
  address: string
  client: GrpcClient
}

/** How long one address is tried before the next one. */
const addressTimeoutMs = 2000

export class Connection {
  readonly options: CheckedConnectOptions
  readonly #addresses: string[]
  readonly #events: ConnectionEvents
  #at = 0
  #endpoint: Endpoint | undefined
  #state: 'new' | 'connected' | 'lost' | 'closed' = 'new'
  #attempt: Promise<Endpoint | Error> | undefined
  #lastError: Error | undefined
  readonly #closing = new AbortController()

  constructor(
    addresses: readonly Address[],
    options: CheckedConnectOptions,
    events: ConnectionEvents,
  ) {
    this.#addresses = addresses.map(formatAddress)
    this.options = options
    this.#events = events
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** False while no server was ever reached. */
  get everConnected(): boolean {
    return this.#state !== 'new'
  }

  /** Fires when the client closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Where calls go at the moment. */
  get address(): string {
    return this.#addresses[this.#at]!
  }

  /** A connected client at once, if there is one: the usual case. */
  get ready(): GrpcClient | undefined {
    const client = this.#endpoint?.client
    if (client === undefined || this.#state !== 'connected') return undefined
    return isReady(client) ? client : undefined
  }

  /**
   * A connected client. Rejects with GOETHE_UNAVAILABLE when there is none until the deadline (on
   * the clock of performance.now(), in milliseconds), GOETHE_ABORTED, GOETHE_CLOSED.
   */
  async acquire(deadline: number, signal?: AbortSignalLike): Promise<GrpcClient> {
    const ready = this.ready
    if (ready !== undefined) return ready
    const patience = this.#state === 'new' ? this.options.connectTimeoutMs : Infinity
    const end = Math.min(deadline, performance.now() + patience)
    for (;;) {
      if (this.#state === 'closed') throw closedError()
      if (signal?.aborted) throw abortedError(signal)
      // All who wait share an attempt, and go on in the order in which they came.
      const attempt = (this.#attempt ??= this.#tryOnce())
      const outcome = await this.#until(attempt, end, signal)
      if (outcome !== undefined && 'client' in outcome) return outcome.client
      if (performance.now() >= end)
        throw this.#unavailable(outcome instanceof Error ? outcome : undefined)
    }
  }

  /** A call failed in a way that a connection does: others are told, another address is next. */
  failed(client: GrpcClient, error: GoetheError): void {
    if (this.#endpoint?.client !== client || this.#state === 'closed') return
    if (this.#state === 'connected') {
      this.#state = 'lost'
      this.#events.disconnected(this.#endpoint.address, error)
    }
    const { leader } = error.details
    if (error.code === 'GOETHE_NOT_LEADER' && leader !== undefined) this.#goTo(leader)
    else if (this.#addresses.length > 1) this.#next()
  }

  /** Headers of a call: who we are. */
  async metadata(): Promise<Metadata> {
    const { token } = this.options
    const metadata = new Metadata()
    if (token !== undefined) {
      const text = typeof token === 'string' ? token : await token()
      metadata.set('authorization', `Bearer ${text}`)
    }
    return metadata
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closing.abort()
    this.#endpoint?.client.close()
    this.#endpoint = undefined
  }

  /** One attempt at the present address; where it fails, the next one is next. */
  async #tryOnce(): Promise<Endpoint | Error> {
    const endpoint = this.#current()
    const error = await connected(endpoint.client, addressTimeoutMs)
    this.#attempt = undefined
    if (this.#state === 'closed') return closedError()
    if (error === undefined) {
      this.#connected(endpoint.address)
      return endpoint
    }
    this.#lastError = error
    if (this.#addresses.length > 1 && this.#endpoint === endpoint) this.#next()
    return error
  }

  /** What an attempt led to; undefined when the deadline, the signal or the end comes before. */
  async #until(
    attempt: Promise<Endpoint | Error>,
    end: number,
    signal: AbortSignalLike | undefined,
  ): Promise<Endpoint | Error | undefined> {
    let stop: (() => void) | undefined
    let wake!: (nothing: undefined) => void
    const interrupted = new Promise<undefined>((resolve) => {
      wake = resolve
    })
    const onEnd = (): void => {
      wake(undefined)
    }
    if (end !== Infinity) {
      stop = this.options.clock.setTimer(onEnd, Math.max(end - performance.now(), 0))
    }
    signal?.addEventListener('abort', onEnd, { once: true })
    this.closing.addEventListener('abort', onEnd, { once: true })
    try {
      return await Promise.race([attempt, interrupted])
    } finally {
      stop?.()
      signal?.removeEventListener('abort', onEnd)
      this.closing.removeEventListener('abort', onEnd)
    }
  }

  #current(): Endpoint {
    this.#endpoint ??= { address: this.address, client: this.#client(this.address) }
    return this.#endpoint
  }

  #client(address: string): GrpcClient {
    const { tls, messageBytesMax } = this.options
    const channelOptions: ChannelOptions = {
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_send_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.dns_min_time_between_resolutions_ms': 1000,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.enable_retries': 0,
      // Two clients of one process are two connections: a slow reader of one does not hold up the other.
      'grpc.use_local_subchannel_pool': 1,
      'grpc-node.flow_control_window': 4 * 1024 * 1024,
      ...(tls?.serverName !== undefined && { 'grpc.ssl_target_name_override': tls.serverName }),
    }
    return new GrpcClient(`dns:${address}`, channelCredentials(tls), channelOptions)
  }

  #connected(address: string): void {
    const before = this.#state
    this.#state = 'connected'
    if (before === 'new') this.#events.connected(address)
    else if (before === 'lost') this.#events.reconnected(address)
  }

  #next(): void {
    this.#at = (this.#at + 1) % this.#addresses.length
    this.#drop()
  }

  #goTo(address: string): void {
    const known = this.#addresses.indexOf(address)
    if (known === -1) this.#addresses.push(formatAddress(parseAddresses(address)[0]!))
    this.#at = known === -1 ? this.#addresses.length - 1 : known
    this.#drop()
  }

  /** Calls under way on the channel go on; it closes behind them. */
  #drop(): void {
    this.#attempt = undefined
    this.#endpoint?.client.close()
    this.#endpoint = undefined
  }

  #unavailable(cause = this.#lastError): GoetheError {
    const where = this.#addresses.map((address) => `goethe://${address}`).join(', ')
    return new GoetheError(
      'GOETHE_UNAVAILABLE',
      `No Goethe server answers at ${where}: start one with 'goethe serve', or correct the address`,
      { cause },
    )
  }
}

function channelCredentials(tls: TlsOptions | undefined) {
  if (tls === undefined) return credentials.createInsecure()
  const buffer = (pem: string | Uint8Array | undefined): Buffer | null =>
    pem === undefined ? null : Buffer.from(pem)
  return credentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.cert))
}

function isReady(client: GrpcClient): boolean {
  return client.getChannel().getConnectivityState(true) === connectivityState.READY
}

/** Undefined once the client is connected; the reason when it is not in time. */
function connected(client: GrpcClient, timeoutMs: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    client.waitForReady(Date.now() + Math.max(timeoutMs, 0), resolve)
  })
}
