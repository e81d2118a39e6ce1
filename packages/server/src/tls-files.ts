/** What TLS needs, read from the files that the configuration names. */
import { readFile } from 'node:fs/promises'
import { type SecureContextOptions, type TlsOptions, createSecureContext } from 'node:tls'
import type { Config } from './config.js'
import { ConfigError } from './config-error.js'

export interface TlsFiles {
  cert: Buffer
  key: Buffer
  /** Who signs the certificates of clients; undefined where they are not asked for one. */
  clientCa: Buffer | undefined
  requireClientCert: boolean
}

/**
 * Undefined where the server speaks plain text. Files that cannot be read, or that do not make a
 * certificate and its key, are a ConfigError.
 */
export async function readTlsFiles({ tls }: Pick<Config, 'tls'>): Promise<TlsFiles | undefined> {
  if (tls.cert === undefined || tls.key === undefined) return undefined
  const { requireClientCert } = tls
  const [cert, key, clientCa] = await Promise.all([
    read('tls.cert', tls.cert),
    read('tls.key', tls.key),
    tls.clientCa === undefined ? undefined : read('tls.clientCa', tls.clientCa),
  ])
  const files = { cert, key, clientCa, requireClientCert }
  checkTlsFiles(files)
  return files
}

/** The files as a secure context takes them. */
export function secureContextOf({ cert, key, clientCa }: TlsFiles): SecureContextOptions {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }) }
}

/**
 * What both ports do with them. With an authority, clients are asked for a certificate, which they
 * may have to show or not.
 */
export function tlsOptionsOf(
  files: TlsFiles,
  { handshakeTimeoutMs }: Config['keepalive'],
): TlsOptions {
  return {
    ...secureContextOf(files),
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: files.clientCa !== undefined,
    rejectUnauthorized: files.requireClientCert,
  }
}

function checkTlsFiles(files: TlsFiles): void {
  try {
    createSecureContext(secureContextOf(files))
  } catch (error) {
    throw new ConfigError([
      `tls.cert, tls.key and tls.clientCa do not make a certificate with its key: ` +
        (error as Error).message,
    ])
  }
}

async function read(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new ConfigError([`${setting} cannot be read: ${(error as Error).message}`])
  }
}
