/** Peers that DNS knows: the addresses of a name, or its SRV records. Asked again and again. */
import {
  type AbortSignalLike,
  ArgumentError,
  type Clock,
  GoetheError,
  systemClock,
} from '@goethe/core'
import { backoffMs, checkNumber } from '@goethe/core/contract'
import { CallLimits } from '../call-limits.js'
import type { Discovery, Peer } from './discovery.js'
import { type DnsResolver, systemResolver } from './dns-resolver.js'
import { addressOf, onlyNews, peerList } from './peer-list.js'

export interface DnsDiscoveryOptions {
  /** Such as `goethe.example.org`, or `_peer._tcp.goethe.example.org` for SRV records. */
  name: string
  /** The port of all members. Without it SRV records are asked for, whose targets name members. */
  port?: number
  /** How often it is asked, in milliseconds. Default: 10,000. */
  intervalMs?: number
  /** How long an answer may take, in milliseconds. Default: 5,000. */
  timeoutMs?: number
  /** Default: the machine's. */
  resolver?: DnsResolver
  clock?: Clock
  /** For the jitter of retries, from 0 up to and without 1. Default: Math.random. */
  random?: () => number
  /** Why nothing new is known for now, for logs. */
  onProblem?: (error: GoetheError) => void
}

export class DnsDiscovery implements Discovery {
  readonly #options: DnsDiscoveryOptions
  readonly #resolver: DnsResolver
  readonly #clock: Clock
  readonly #limits: CallLimits
  readonly #intervalMs: number
  readonly #timeoutMs: number

  constructor(options: DnsDiscoveryOptions) {
    if (typeof options.name !== 'string' || options.name === '') {
      throw new ArgumentError("'name' is a name in DNS, such as 'goethe.example.org'")
    }
    if (options.port !== undefined) {
      checkNumber('port', options.port, { default: 1, min: 1, max: 65_535 })
    }
    this.#options = options
    this.#resolver = options.resolver ?? systemResolver
    this.#clock = options.clock ?? systemClock()
    this.#intervalMs = checkNumber('intervalMs', options.intervalMs, { default: 10_000, min: 100 })
    this.#timeoutMs = checkNumber('timeoutMs', options.timeoutMs, { default: 5000, min: 1 })
    this.#limits = new CallLimits(this.#clock, `DNS about ${options.name}`)
  }

  peers(signal?: AbortSignalLike): Promise<readonly Peer[]> {
    return new Promise((resolve, reject) => {
      const stop = this.#limits.limit({ timeoutMs: this.#timeoutMs, signal, onEnd: reject })
      if (this.#limits.closed || signal?.aborted === true) return
      this.#resolve()
        .then((peers) => {
          resolve(peerList(peers))
        })
        .catch((cause: Error) => {
          const message = `DNS does not tell ${this.#options.name}: ${cause.message}`
          reject(new GoetheError('GOETHE_UNAVAILABLE', message, { cause }))
        })
        .finally(() => {
          stop()
        })
    })
  }

  watch(onPeers: (peers: readonly Peer[]) => void): () => void {
    const report = onlyNews(onPeers)
    const { random = Math.random, onProblem } = this.#options
    let isOver = false
    let failures = 0
    let stopTimer: (() => void) | undefined
    const stop = (): void => {
      isOver = true
      stopTimer?.()
      stopLimit()
    }
    const stopLimit = this.#limits.limit({
      onEnd: () => {
        isOver = true
        stopTimer?.()
      },
    })
    const ask = async (): Promise<void> => {
      let outcome: readonly Peer[] | GoetheError
      try {
        outcome = await this.peers()
        failures = 0
      } catch (error) {
        outcome = error as GoetheError
        failures++
      }
      if (isOver) return
      const delayMs =
        failures === 0 ? this.#intervalMs : backoffMs(failures, random, this.#intervalMs)
      stopTimer = this.#clock.setTimer(() => void ask(), delayMs, 'background')
      if (outcome instanceof GoetheError) onProblem?.(outcome)
      else report(outcome)
    }
    void ask()
    return stop
  }

  async close(): Promise<void> {
    this.#limits.close()
  }

  async #resolve(): Promise<Peer[]> {
    const { name, port } = this.#options
    if (port !== undefined) {
      const found = await this.#resolver.addresses(name)
      return found.map((host) => ({
        member: undefined,
        address: addressOf(host, port),
        isTerminating: false,
      }))
    }
    const found = await this.#resolver.services(name)
    return found.map(({ target, port: targetPort }) => ({
      // `goethe-0.goethe.poets.svc.cluster.local` is the member goethe-0.
      member: target.split('.')[0],
      address: addressOf(target.replace(/\.$/, ''), targetPort),
      isTerminating: false,
    }))
  }
}
