import type { Address, Config } from '@goethe/server'
import { defaultServer } from './log-place.js'
import { escapeControls } from './payload.js'

/** What somebody who has just started a server wants to know; `command` is how to call this one. */
export function serveBanner(
  config: Config,
  { grpc, http }: { grpc: Address; http: Address },
  command: string,
): string[] {
  const isEncrypted = config.tls.cert !== undefined
  const address = `goethe://${hostPort(grpc)}`
  const { tokens, jwt, certificates } = config.auth
  const isOpen = tokens.length === 0 && jwt === undefined && certificates.length === 0
  const isLocal = [grpc, http].every(({ host }) => isLoopback(host))
  const options = [
    address === defaultServer ? '' : ` --server ${address}`,
    isEncrypted ? ' --tls-ca CA.pem' : '',
    isOpen ? '' : ' --token TOKEN',
  ].join('')
  return [
    '',
    `Goethe serves the log in ${escapeControls(config.data)}`,
    `  gRPC  ${address}`,
    `  HTTP  ${isEncrypted ? 'https' : 'http'}://${hostPort(http)}`,
    '',
    isLocal
      ? 'It listens on loopback only: no other machine can reach it, and on this one everybody can.'
      : 'Other machines can reach it.',
    ...(isLocal
      ? ['For others set --grpc-host and --http-host, with TLS and tokens (goethe token).']
      : []),
    '',
    'Next, in another terminal:',
    `  ${command} append orders '{"item":"Faust"}'${options}`,
    `  ${command} read orders --follow${options}`,
    '',
    'Ctrl-C stops it.',
    '',
  ]
}

function hostPort({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
