/** What TLS needs, read from the files that the configuration names. */
import { readFile } from 'node:fs/promises'
import { ServerCredentials } from '@grpc/grpc-js'
import type { Config } from './config.js'
import { ConfigError } from './config-error.js'

export interface TlsFiles {
  cert: Buffer
  key: Buffer
  /** Who signs the certificates of clients; undefined where they are not asked for one. */
  clientCa: Buffer | undefined
  requireClientCert: boolean
}

/** Undefined where the server speaks plain text. A file that cannot be read is a ConfigError. */
export async function readTlsFiles({ tls }: Config): Promise<TlsFiles | undefined> {
  if (tls.cert === undefined || tls.key === undefined) return undefined
  const { requireClientCert } = tls
  const [cert, key, clientCa] = await Promise.all([
    read('tls.cert', tls.cert),
    read('tls.key', tls.key),
    tls.clientCa === undefined ? undefined : read('tls.clientCa', tls.clientCa),
  ])
  return { cert, key, clientCa, requireClientCert }
}

/** The same for gRPC, which asks clients for a certificate only where they must have one. */
export function grpcCredentials(files: TlsFiles | undefined): ServerCredentials {
  if (files === undefined) return ServerCredentials.createInsecure()
  const { cert, key, clientCa, requireClientCert } = files
  const pairs = [{ cert_chain: cert, private_key: key }]
  return ServerCredentials.createSsl(clientCa ?? null, pairs, requireClientCert)
}

async function read(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new ConfigError([`${setting} cannot be read: ${(error as Error).message}`])
  }
}
