/**
 * The way to a server: one of the addresses at a time, the next one when that cannot be reached.
 * Connects when something is to be called, and all who wait meanwhile share the attempt.
 */
import { type Client as GrpcClient, Metadata } from '@grpc/grpc-js'
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { AbortListeners } from './abort-listeners.js'
import { type Address, formatAddress, parseAddresses } from './address.js'
import { AppendGate } from './append-gate.js'
import { backoffMs } from './backoff.js'
import { connected, grpcClient, isReady, onLost } from './channel.js'
import { ConnectFailure } from './connect-failure.js'
import { closedError } from './failures.js'
import type { CheckedConnectOptions } from './options.js'
import { assertGoingOn, before, deadlineOf, pause } from './waiting.js'

export interface ConnectionEvents {
  connected(address: string): void
  disconnected(address: string, error: GoetheError): void
  reconnected(address: string): void
}

/** How long one address is tried before the next one. */
const addressTimeoutMs = 2000

/** For so long an address that could not be reached is not gone to again because a server names it. */
const hintRestMs = 2000

/** Addresses at most, with those that servers have named as the leader's. */
const addressesMax = 100

export class Connection {
  readonly options: CheckedConnectOptions
  readonly gate = new AppendGate()
  readonly #signals = new AbortListeners()
  readonly #addresses: string[]
  readonly #events: ConnectionEvents
  /** When each address was last found to be out of reach. */
  readonly #failedAtMs = new Map<string, number>()
  #at = 0
  #client: GrpcClient | undefined
  #state: 'new' | 'connected' | 'lost' | 'closed' = 'new'
  #attempt: Promise<GrpcClient | Error> | undefined
  /** Attempts that failed since the last one that did not. */
  #failures = 0
  #lastFailure: ConnectFailure | undefined
  /** How many of the last failures, one behind the other, would be the same next time. */
  #lastingFailures = 0
  readonly #onClose = new Set<() => void>()

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

  /** Where calls go at the moment. */
  get address(): string {
    return this.#addresses[this.#at]!
  }

  /** Calls back once when the client closes; the function returned takes it back. */
  onClose(callback: () => void): () => void {
    this.#onClose.add(callback)
    return () => {
      this.#onClose.delete(callback)
    }
  }

  /** As `onClose`, and also when the signal fires. */
  onEnd(signal: AbortSignalLike | undefined, callback: () => void): () => void {
    const stopClose = this.onClose(callback)
    if (signal === undefined) return stopClose
    const stopAbort = this.#signals.listen(signal, callback)
    return () => {
      stopClose()
      stopAbort()
    }
  }

  /**
   * A connected client. Rejects with GOETHE_UNAVAILABLE when there is none until the deadline,
   * GOETHE_ABORTED, GOETHE_CLOSED.
   */
  async acquire(deadline: number, signal?: AbortSignalLike): Promise<GrpcClient> {
    assertGoingOn(this, signal)
    if (this.#client !== undefined && isReady(this.#client)) return this.#client
    const { nowMs, connectTimeoutMs } = this.options
    const end = this.#state === 'new' ? Math.min(deadline, nowMs() + connectTimeoutMs) : deadline
    for (;;) {
      // All who wait share an attempt, and go on in the order in which they came.
      this.#attempt ??= this.#connect()
      const outcome = await before(this, this.#attempt, end, signal)
      if (outcome !== undefined && !(outcome instanceof Error)) return outcome
      assertGoingOn(this, signal)
      const isHopeless = this.#state === 'new' && this.#lastingFailures >= this.#addresses.length
      if (isHopeless || nowMs() >= end) throw this.#unavailable()
    }
  }

  /** A call failed in a way that a connection does: others are told, another address is next. */
  failed(client: GrpcClient, error: GoetheError): void {
    if (this.#client !== client || this.#state === 'closed') return
    const { address } = this
    // Calls under way on it go on; it closes behind them.
    this.#client = undefined
    client.close()
    this.#state = 'lost'
    const { leader } = error.details
    if (error.code === 'GOETHE_NOT_LEADER' && leader !== undefined) this.#goTo(leader)
    else this.#next()
    this.#events.disconnected(address, error)
  }

  /** Headers of a call: who we are. */
  async metadata(deadline = deadlineOf(this), signal?: AbortSignalLike): Promise<Metadata> {
    const { token } = this.options
    const metadata = new Metadata()
    if (token === undefined) return metadata
    const text =
      typeof token === 'string'
        ? token
        : await before(this, Promise.resolve(token()), deadline, signal)
    assertGoingOn(this, signal)
    if (text === undefined) {
      throw new GoetheError('GOETHE_UNAVAILABLE', "The function 'token' gave no token in time")
    }
    metadata.set('authorization', `Bearer ${text}`)
    return metadata
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const callback of [...this.#onClose]) callback()
    this.#onClose.clear()
    this.#client?.close()
    this.#client = undefined
  }

  /** One attempt at the present address; where it fails, the next one is next. */
  async #connect(): Promise<GrpcClient | Error> {
    try {
      // Once all addresses have failed, they get a rest.
      if (this.#failures > 0 && this.#failures % this.#addresses.length === 0) {
        const rounds = this.#failures / this.#addresses.length
        await pause(this, backoffMs(rounds - 1, this.options.random))
      }
      const { address } = this
      const client = grpcClient(address, this.options)
      const stopListening = this.onClose(() => {
        client.close()
      })
      const error = await connected(client, addressTimeoutMs, this.options)
      stopListening()
      if (this.closed) return closedError()
      if (error === undefined) {
        this.#onConnected(client)
        return client
      }
      client.close()
      this.#lastFailure = error
      this.#lastingFailures = error.isLasting(this.options) ? this.#lastingFailures + 1 : 0
      this.#failures++
      this.#failedAtMs.set(address, this.options.nowMs())
      this.#next()
      return error
    } catch (error) {
      return error as Error
    } finally {
      this.#attempt = undefined
    }
  }

  #onConnected(client: GrpcClient): void {
    const { address } = this
    const isFirst = this.#state === 'new'
    this.#client = client
    this.#state = 'connected'
    this.#failures = 0
    onLost(client, () => {
      // grpc-js does not tell these apart. Calls do that were under way, but most end behind it.
      this.failed(
        client,
        new GoetheError('GOETHE_UNAVAILABLE', 'The connection was lost, or the server is stopping'),
      )
    })
    if (isFirst) this.#events.connected(address)
    else this.#events.reconnected(address)
  }

  #next(): void {
    this.#at = (this.#at + 1) % this.#addresses.length
  }

  #goTo(leader: string): void {
    let address: string
    try {
      address = formatAddress(parseAddresses(leader)[0]!)
    } catch {
      // A server that names its leader wrongly is like one that does not.
      this.#next()
      return
    }
    // One that has died, or that cannot be reached from here: perhaps one of the others leads by now,
    // or leads under the address that we were given.
    const failedAtMs = this.#failedAtMs.get(address) ?? -Infinity
    if (this.options.nowMs() - failedAtMs < hintRestMs) return this.#next()
    const known = this.#addresses.indexOf(address)
    if (known === -1 && this.#addresses.length >= addressesMax) this.#next()
    else this.#at = known === -1 ? this.#addresses.push(address) - 1 : known
  }

  #unavailable(): GoetheError {
    const where = this.#addresses.map((address) => `goethe://${address}`).join(', ')
    const failure = this.#lastFailure ?? new ConnectFailure('nobody answered in time')
    return new GoetheError('GOETHE_UNAVAILABLE', failure.explain(where), { cause: failure })
  }
}
