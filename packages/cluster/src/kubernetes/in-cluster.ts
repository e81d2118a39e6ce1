/** Access to the API server of the cluster that this process is a pod of. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GoetheError } from '@goethe/core'
import type { ClusterAccess } from './cluster-access.js'

export interface InClusterOptions {
  /** Default: the variables of this process. */
  environment?: Record<string, string | undefined>
  /** Where Kubernetes mounts what belongs to the service account. */
  folder?: string
}

const folderDefault = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Rejects with GOETHE_UNAVAILABLE where this process is no pod with a service account. */
export async function inClusterAccess({
  environment = process.env,
  folder = folderDefault,
}: InClusterOptions = {}): Promise<ClusterAccess> {
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443'
  if (host === undefined || host === '') {
    throw new GoetheError(
      'GOETHE_UNAVAILABLE',
      'This process is no pod of a Kubernetes cluster, as KUBERNETES_SERVICE_HOST is not set: ' +
        'outside of one, name a kubeconfig',
    )
  }
  const read = async (name: string): Promise<string> => {
    const path = join(folder, name)
    try {
      return (await readFile(path, 'utf8')).trim()
    } catch (cause) {
      throw new GoetheError(
        'GOETHE_UNAVAILABLE',
        `${path} cannot be read: set automountServiceAccountToken to true in the pod`,
        { cause },
      )
    }
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: await read('namespace'),
    readCredentials: async () => ({ token: await read('token'), ca: await read('ca.crt') }),
  }
}
