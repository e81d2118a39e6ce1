/** One connection of grpc-js to one address. A connection that is lost is not used again. */
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client as GrpcClient,
  connectivityState,
  credentials,
} from '@grpc/grpc-js'
import { ConnectFailure } from './connect-failure.js'
import type { CheckedConnectOptions, TlsOptions } from './options.js'

export function grpcClient(address: string, options: CheckedConnectOptions): GrpcClient {
  const { tls, messageBytesMax } = options
  const ip = tls?.serverName === undefined ? ipOf(address) : undefined
  const serverName = ip === undefined ? tls?.serverName : nameOfIp
  const channelOptions: ChannelOptions = {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.dns_min_time_between_resolutions_ms': 1000,
    // While something is awaited: a machine that went away says nothing, and another may take over.
    'grpc.keepalive_time_ms': 5_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.enable_retries': 0,
    // Two clients of one process are two connections: a slow reader of one does not hold up the other.
    'grpc.use_local_subchannel_pool': 1,
    'grpc-node.flow_control_window': 4 * 1024 * 1024,
    ...(serverName !== undefined && { 'grpc.ssl_target_name_override': serverName }),
  }
  return new GrpcClient(`dns:${address}`, channelCredentials(tls, ip), channelOptions)
}

export function isReady(client: GrpcClient): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY
}

/** Undefined once the client is connected; the reason as soon as it is known that it will not be. */
export function connected(
  client: GrpcClient,
  timeoutMs: number,
  { clock, tls }: CheckedConnectOptions,
): Promise<ConnectFailure | undefined> {
  const channel = client.getChannel()
  return new Promise((resolve) => {
    const stopTimer = clock.setTimer(() => {
      resolve(new ConnectFailure(`no connection within ${timeoutMs} ms`))
    }, timeoutMs)
    const end = (outcome: ConnectFailure | undefined | Promise<ConnectFailure>): void => {
      stopTimer()
      resolve(outcome)
    }
    const check = (): void => {
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY) end(undefined)
      else if (state === connectivityState.SHUTDOWN)
        end(new ConnectFailure('the connection was closed'))
      else if (state === connectivityState.TRANSIENT_FAILURE)
        end(failureOf(client, tls !== undefined))
      else channel.watchConnectivityState(state, Infinity, check)
    }
    check()
  })
}

/** Calls back once when the connection is lost, or closed. */
export function onLost(client: GrpcClient, callback: () => void): void {
  client.getChannel().watchConnectivityState(connectivityState.READY, Infinity, () => {
    callback()
  })
}

/** grpc-js says why it cannot connect only to a call that fails by it; this one fails at once. */
function failureOf(client: GrpcClient, isEncrypted: boolean): Promise<ConnectFailure> {
  const nothing = Buffer.alloc(0)
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => nothing,
      () => undefined,
      undefined,
      { deadline: Date.now() + 1000 },
      (error) => {
        resolve(
          error === null
            ? new ConnectFailure('the connection was lost')
            : ConnectFailure.of(error.details, isEncrypted),
        )
      },
    )
  })
}

function channelCredentials(
  tls: TlsOptions | undefined,
  ip: string | undefined,
): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  const buffer = (pem: string | Uint8Array | undefined): Buffer | null =>
    pem === undefined ? null : Buffer.from(pem)
  return credentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.cert), {
    ...(ip !== undefined && {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(ip, certificate),
    }),
  })
}

/**
 * TLS may name no address where it names the server that is asked for, and grpc-js has to name
 * something; a certificate is held to the address all the same.
 */
const nameOfIp = 'goethe.invalid'

function ipOf(address: string): string | undefined {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  return isIP(host) === 0 ? undefined : host
}
