/** How members of a cluster know each other: what they share, and their certificates. */
import { readFile } from 'node:fs/promises'
import type { MemberSecurity, PeerTlsFiles } from '@goethe/cluster'
import type { Clock } from '@goethe/core'
import type { Config } from '../config.js'
import { ConfigError } from '../config-error.js'
import type { Logger } from '../log-writer.js'
import { watchFiles } from '../renewed-files.js'

export interface MemberSecurityOptions {
  readonly config: Pick<Config, 'cluster'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Rejects with ConfigError for files that cannot be read. */
export async function memberSecurity({
  config: { cluster },
  clock,
  logger,
}: MemberSecurityOptions): Promise<MemberSecurity> {
  const secrets = await fileText('cluster.secretFile', cluster.secretFile)
  const files = await tlsFiles(cluster)
  return {
    ...(secrets !== undefined && { secrets: secretsIn(secrets) }),
    ...(files !== undefined && {
      tls: files,
      watchTls: watchFiles({ read: () => tlsFiles(cluster), clock, logger, messages }, files),
    }),
  }
}

const messages = {
  taken: 'New connections between members get the certificate that is new in the files',
  refused: 'The new certificate of this member cannot be used; the one before stays',
}

/** One in each line: the first is shown, each is accepted, so that one can take the place of another. */
function secretsIn(text: string): string[] {
  return text.split(/\s*\n\s*/).filter((line) => line !== '')
}

async function tlsFiles({
  tlsCa,
  tlsCert,
  tlsKey,
}: Config['cluster']): Promise<PeerTlsFiles | undefined> {
  const [ca, cert, key] = await Promise.all([
    fileText('cluster.tlsCa', tlsCa),
    fileText('cluster.tlsCert', tlsCert),
    fileText('cluster.tlsKey', tlsKey),
  ])
  const all = ca !== undefined && cert !== undefined && key !== undefined
  return all ? { ca, cert, key } : undefined
}

/** What a file says, without the end of its last line; `setting` names it. Rejects with ConfigError. */
export async function fileText(
  setting: string,
  path: string | undefined,
): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new ConfigError([
      `${setting} names ${path}, which cannot be read: ${(error as Error).message}`,
    ])
  }
}
