import { Option } from 'commander'
import { Failure } from './failure.js'
import { exitCode } from './exit-code.js'
import type { Environment } from './shell.js'

/** Where a server listens unless it is told otherwise. */
export const defaultServer = 'goethe://127.0.0.1:1337'

/** Where the log is: in a directory of this machine, or behind a server. */
export type LogPlace = DirectoryPlace | ServerPlace

export interface DirectoryPlace {
  type: 'directory'
  directory: string
}

export interface ServerPlace {
  type: 'server'
  address: string
  /** True when nobody named it. */
  isDefault: boolean
  token: string | undefined
  /** Files in PEM; undefined for plain text. */
  tls: TlsFiles | undefined
}

/** Paths of certificates and keys in PEM. */
export interface TlsFiles {
  ca?: string
  cert?: string
  key?: string
}

/** Variables that say where a log is; a server that is started has no use for them. */
export const clientVariables = [
  'GOETHE_SERVER',
  'GOETHE_TOKEN',
  'GOETHE_TLS',
  'GOETHE_TLS_CA',
  'GOETHE_CLIENT_CERT',
  'GOETHE_CLIENT_KEY',
] as const

/** The options that say which log a command works on. */
export interface PlaceOptions {
  data?: string
  server?: string
  token?: string
  tls?: true
  tlsCa?: string
  tlsCert?: string
  tlsKey?: string
}

const heading = 'Which log:'

/** The options that every command on a log has. */
export function placeOptions(): Option[] {
  return [
    new Option('-d, --data <directory>', 'a directory (GOETHE_DATA)'),
    new Option(
      '-s, --server <address>',
      `a server (GOETHE_SERVER); when neither is named, ${defaultServer}`,
    ),
    new Option('--token <token>', 'who you are (rather GOETHE_TOKEN, which ps does not show)'),
    new Option('--tls', 'encrypted, trusting whom Node.js trusts (GOETHE_TLS=1)'),
    new Option('--tls-ca <file>', 'encrypted, trusting who is in this PEM file (GOETHE_TLS_CA)'),
    new Option('--tls-cert <file>', 'your certificate, PEM, if asked for (GOETHE_CLIENT_CERT)'),
    new Option('--tls-key <file>', 'the key to it, PEM (GOETHE_CLIENT_KEY)'),
  ].map((option) => option.helpGroup(heading))
}

/** Which log is meant. What is typed counts more than what is in the environment. */
export function placeOf(options: PlaceOptions, environment: Environment): LogPlace {
  const typed = choose(options.data, options.server, '--data and --server')
  const place =
    typed ??
    choose(
      environment['GOETHE_DATA'],
      environment['GOETHE_SERVER'],
      'GOETHE_DATA and GOETHE_SERVER in the environment',
    )
  if (place !== undefined && 'directory' in place) return { type: 'directory', ...place }
  return {
    type: 'server',
    address: place?.address ?? defaultServer,
    isDefault: place === undefined,
    token: options.token ?? (environment['GOETHE_TOKEN'] || undefined),
    tls: tlsOf(options, environment),
  }
}

function tlsOf(options: PlaceOptions, environment: Environment): TlsFiles | undefined {
  const ca = options.tlsCa ?? environment['GOETHE_TLS_CA']
  const cert = options.tlsCert ?? environment['GOETHE_CLIENT_CERT']
  const key = options.tlsKey ?? environment['GOETHE_CLIENT_KEY']
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  const isOn = options.tls || /^(1|true|yes)$/i.test(environment['GOETHE_TLS'] ?? '')
  return isOn || Object.keys(files).length > 0 ? files : undefined
}

function choose(
  directory: string | undefined,
  address: string | undefined,
  names: string,
): { directory: string } | { address: string } | undefined {
  if (directory && address) {
    throw new Failure(
      `The log is either in a directory or behind a server, but ${names} are given`,
      {
        advice: 'Leave one of them out',
        exitCode: exitCode.wrongUsage,
      },
    )
  }
  if (directory) return { directory }
  return address ? { address } : undefined
}
