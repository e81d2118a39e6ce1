import type { Clock } from '@goethe/core'
import { ArgumentError, systemClock } from '@goethe/core'
import { checkNumber, checkOptions, describeValue } from '@goethe/core/contract'

/** PEM texts of certificates and keys. */
export interface TlsOptions {
  /** Who signs the server's certificate. Default: the authorities that Node trusts. */
  ca?: string | Uint8Array | undefined
  /** The client's own certificate, for servers that ask for one; with `key`. */
  cert?: string | Uint8Array | undefined
  key?: string | Uint8Array | undefined
  /** The name that the server's certificate is for, where it is not the host of the address. */
  serverName?: string | undefined
}

/** How a client connects and how long it tries. */
export interface ConnectOptions {
  /** A bearer token; a function is asked again for each call, for tokens that expire. */
  token?: string | (() => string | Promise<string>) | undefined
  /** True: TLS with the authorities that Node trusts. Default: plain text. */
  tls?: boolean | TlsOptions | undefined
  /**
   * How long a call goes on trying, in milliseconds; then it rejects with GOETHE_DEADLINE or
   * GOETHE_UNAVAILABLE. Reads that follow and consumers go on for good once they have begun.
   * Default: 30,000.
   */
  deadlineMs?: number | undefined
  /**
   * How long the first connection may take before calls reject, also while nothing listens yet.
   * Default: 5,000, and at once where nothing listens at any of the addresses.
   */
  connectTimeoutMs?: number | undefined
  /**
   * Names this client as the producer of its appends, so that repeating them after a broken
   * connection appends nothing twice; false: appends are not repeated. Default: true.
   */
  idempotent?: boolean | undefined
  /** Bytes of appends under way; more wait here. Default: 16 MiB. */
  inFlightBytesMax?: number | undefined
  /** Largest message that is accepted, in bytes. Default: 1 GiB. */
  messageBytesMax?: number | undefined
  /** For tests: timers and deadlines go by it. Default: the clock of the machine. */
  clock?: Clock | undefined
  /** From 0 up to 1, for spreading retries. Default: Math.random. */
  random?: (() => number) | undefined
}

export interface CheckedConnectOptions {
  token: ConnectOptions['token']
  tls: TlsOptions | undefined
  deadlineMs: number
  connectTimeoutMs: number
  /** False: where nothing listens at first, there is no server, and not one that is about to start. */
  awaitsServer: boolean
  idempotent: boolean
  inFlightBytesMax: number
  messageBytesMax: number
  clock: Clock
  /** For deadlines: milliseconds since some moment; those of the machine do not jump. */
  nowMs: () => number
  random: () => number
}

/** Throws ArgumentError for what is no option, or no value of one. */
export function checkConnectOptions(options: ConnectOptions = {}): CheckedConnectOptions {
  checkOptions(options, [
    'token',
    'tls',
    'deadlineMs',
    'connectTimeoutMs',
    'idempotent',
    'inFlightBytesMax',
    'messageBytesMax',
    'clock',
    'random',
  ])
  const { token, tls, idempotent = true, clock, random = Math.random } = options
  if (token !== undefined && typeof token !== 'string' && typeof token !== 'function') {
    throw new ArgumentError(`'token' is a string or a function that gives one; got ${typeof token}`)
  }
  if (typeof token === 'string' && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ArgumentError(
      "'token' has characters that no token has, such as a space or a line break",
    )
  }
  if (typeof idempotent !== 'boolean') {
    throw new ArgumentError(`'idempotent' is true or false; got ${describeValue(idempotent)}`)
  }
  const number = (
    name: 'deadlineMs' | 'connectTimeoutMs' | 'inFlightBytesMax' | 'messageBytesMax',
    fallback: number,
  ): number => checkNumber(name, options[name], { default: fallback, min: 1, max: 2 ** 31 - 1 })
  return {
    token,
    tls: checkTls(tls),
    deadlineMs: number('deadlineMs', 30_000),
    connectTimeoutMs: number('connectTimeoutMs', 5000),
    awaitsServer: options.connectTimeoutMs !== undefined,
    idempotent,
    inFlightBytesMax: number('inFlightBytesMax', 16 * 1024 * 1024),
    messageBytesMax: number('messageBytesMax', 1024 * 1024 * 1024),
    clock: clock ?? systemClock(),
    nowMs: clock === undefined ? () => performance.now() : () => Number(clock.now()) / 1e6,
    random,
  }
}

function checkTls(tls: ConnectOptions['tls']): TlsOptions | undefined {
  if (tls === undefined || tls === false) return undefined
  if (tls === true) return {}
  checkOptions(tls, ['ca', 'cert', 'key', 'serverName'])
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new ArgumentError("'tls.cert' and 'tls.key' go together")
  }
  for (const name of ['ca', 'cert', 'key'] as const) checkPem(`tls.${name}`, tls[name])
  return tls
}

/** OpenSSL passes over what is no PEM, and then trusts nobody. */
function checkPem(name: string, pem: string | Uint8Array | undefined): void {
  if (pem === undefined) return
  const text = typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
  if (/^-----BEGIN [A-Z0-9 ]+-----/m.test(text)) return
  throw new ArgumentError(`'${name}' is a text in PEM, with a line '-----BEGIN …-----'`)
}
