/** How etcd knows us: by a certificate, a user, or both; and how we know it. */
import type { EtcdCoordinatorOptions } from '@goethe/cluster'
import type { Config } from '../config.js'
import { watchFiles } from '../renewed-files.js'
import { type MemberSecurityOptions, fileText } from './member-security.js'

export type EtcdAccess = Pick<EtcdCoordinatorOptions, 'tls' | 'watchTls' | 'user'>

/** Rejects with ConfigError for files that cannot be read. */
export async function etcdAccess({
  config: { cluster },
  clock,
  logger,
}: MemberSecurityOptions): Promise<EtcdAccess> {
  const { etcdUser: name } = cluster
  const password = await fileText('cluster.etcdPasswordFile', cluster.etcdPasswordFile)
  const tls = await tlsFiles(cluster)
  return {
    ...(name !== undefined && { user: { name, password: password ?? '' } }),
    ...(tls !== undefined && {
      tls,
      watchTls: watchFiles({ read: () => tlsFiles(cluster), clock, logger, messages }, tls),
    }),
  }
}

const messages = {
  taken: 'New connections to etcd are made with the certificate that is new in the files',
  refused: 'The new certificate for etcd cannot be used; the one before stays',
}

async function tlsFiles({
  etcdCa,
  etcdCert,
  etcdCertKey,
}: Config['cluster']): Promise<EtcdCoordinatorOptions['tls']> {
  const [ca, cert, key] = await Promise.all([
    fileText('cluster.etcdCa', etcdCa),
    fileText('cluster.etcdCert', etcdCert),
    fileText('cluster.etcdCertKey', etcdCertKey),
  ])
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  return Object.keys(tls).length > 0 ? tls : undefined
}
