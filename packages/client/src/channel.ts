/** One connection of grpc-js to one address. A connection that is lost is not used again. */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client as GrpcClient,
  connectivityState,
  credentials,
} from '@grpc/grpc-js'
import type { CheckedConnectOptions, TlsOptions } from './options.js'

export function grpcClient(address: string, options: CheckedConnectOptions): GrpcClient {
  const { tls, messageBytesMax } = options
  const channelOptions: ChannelOptions = {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': -1,
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

export function isReady(client: GrpcClient): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY
}

/** Undefined once the client is connected; the reason as soon as it is known that it will not be. */
export function connected(
  client: GrpcClient,
  timeoutMs: number,
  { clock }: CheckedConnectOptions,
): Promise<Error | undefined> {
  const channel = client.getChannel()
  return new Promise((resolve) => {
    const stopTimer = clock.setTimer(() => {
      resolve(new Error(`No connection within ${timeoutMs} ms`))
    }, timeoutMs)
    const end = (outcome: Error | undefined | Promise<Error>): void => {
      stopTimer()
      resolve(outcome)
    }
    const check = (): void => {
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY) end(undefined)
      else if (state === connectivityState.SHUTDOWN) end(new Error('The connection was closed'))
      else if (state === connectivityState.TRANSIENT_FAILURE) end(reasonOf(client))
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
function reasonOf(client: GrpcClient): Promise<Error> {
  const nothing = Buffer.alloc(0)
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => nothing,
      () => undefined,
      undefined,
      { deadline: Date.now() + 1000 },
      (error) => {
        resolve(error === null ? new Error('The connection was lost') : reasonError(error.details))
      },
    )
  })
}

/** Without what grpc-js puts before the reason, and behind it once more. */
function reasonError(details: string): Error {
  const reason = /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(details)?.[1] ?? details
  return new Error(reason.replace(/^Error: /, ''))
}

function channelCredentials(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure()
  const buffer = (pem: string | Uint8Array | undefined): Buffer | null =>
    pem === undefined ? null : Buffer.from(pem)
  return credentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.cert))
}
