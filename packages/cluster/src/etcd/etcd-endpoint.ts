/** One server of etcd: a connection that is made when it is needed, and not used again once it failed. */
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import {
  type ChannelCredentials,
  Client as GrpcClient,
  connectivityState,
  credentials,
} from '@grpc/grpc-js'
import { ArgumentError } from '@goethe/core'
import { describeValue } from '@goethe/core/contract'

/** PEM of what proves who is who. */
export interface EtcdTls {
  /** Who may sign the certificates of servers. Default: the authorities of Node. */
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

export class EtcdEndpoint {
  /** `host:port`. */
  readonly address: string
  /** The token of our user, by this server. */
  token: string | undefined
  #tls: EtcdTls | undefined
  #client: GrpcClient | undefined

  /** Takes `host:port`, `http://host:port` and `https://host:port`. */
  constructor(text: string, tls: EtcdTls | undefined) {
    const [, scheme, address] = /^(?:(https?):\/\/)?([^/\s]+:\d{1,5})\/?$/.exec(text) ?? []
    if (address === undefined) {
      throw new ArgumentError(
        `An endpoint of etcd is 'http://host:port' or 'https://host:port'; got ${describeValue(text)}`,
      )
    }
    if (scheme === 'http' && tls !== undefined) {
      throw new ArgumentError(`The endpoint ${text} uses no TLS: write https://, or leave TLS out`)
    }
    this.address = address
    this.#tls = scheme === 'https' ? (tls ?? {}) : tls
  }

  /**
   * Connections from now on are made with this; what is under way on the one before ends there. Throws
   * what node:tls does for what is no certificate with its key.
   */
  setTls(tls: EtcdTls): void {
    if (this.#tls === undefined) return
    channelCredentials(tls, undefined)
    this.#tls = tls
    this.reset()
  }

  get client(): GrpcClient {
    return (this.#client ??= this.#open())
  }

  /** Calls back once: undefined when there is a connection, or why there is none. */
  connect(onOutcome: (failure: string | undefined) => void): void {
    const { client } = this
    const channel = client.getChannel()
    const check = (): void => {
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY) onOutcome(undefined)
      else if (state === connectivityState.SHUTDOWN) onOutcome('the connection was closed')
      else if (state === connectivityState.TRANSIENT_FAILURE) reasonOf(client, onOutcome)
      else channel.watchConnectivityState(state, Infinity, check)
    }
    check()
  }

  /** The next call connects anew. What is under way may end. */
  reset(): void {
    this.#client?.close()
    this.#client = undefined
  }

  #open(): GrpcClient {
    const host = this.address.slice(0, this.address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
    const ip = isIP(host) === 0 || this.#tls === undefined ? undefined : host
    return new GrpcClient(`dns:${this.address}`, channelCredentials(this.#tls, ip), {
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
      // etcd takes offence at pings that come more often than every five seconds; what notices a
      // dead server sooner are the questions of a watch.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 2_000,
      ...(ip !== undefined && { 'grpc.ssl_target_name_override': nameOfIp }),
    })
  }
}

/** TLS names no addresses, and grpc-js has to name something: see `checkServerIdentity` below. */
const nameOfIp = 'etcd.invalid'

function channelCredentials(tls: EtcdTls | undefined, ip: string | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  const bytes = (pem: string | undefined): Buffer | null =>
    pem === undefined ? null : Buffer.from(pem)
  return credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert), {
    ...(ip !== undefined && {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(ip, certificate),
    }),
  })
}

/** grpc-js says why it cannot connect only to a call that fails by it; this one fails at once. */
function reasonOf(client: GrpcClient, onReason: (reason: string) => void): void {
  const nothing = Buffer.alloc(0)
  client.makeUnaryRequest(
    '/etcdserverpb.Maintenance/Status',
    () => nothing,
    () => undefined,
    undefined,
    { deadline: Date.now() + 1000 },
    (error) => {
      onReason(
        /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(error?.details ?? '')?.[1] ??
          error?.details ??
          'the connection was lost',
      )
    },
  )
}
