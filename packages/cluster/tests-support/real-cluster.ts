/** The real cluster that GOETHE_TEST_KUBECONFIG names, for the tests that a fake one passes too. */
import { isIP } from 'node:net'
import type { ClusterAccess } from '../src/kubernetes/cluster-access.js'
import { kubeconfigAccess } from '../src/kubernetes/kubeconfig.js'
import type { KubernetesClient } from '../src/kubernetes/kubernetes-client.js'
import { type Resource, pathOf } from '../src/kubernetes/resource.js'

/** Undefined where none is named: then its tests are not declared. */
export async function realCluster(): Promise<ClusterAccess | undefined> {
  const path = process.env['GOETHE_TEST_KUBECONFIG']
  return path === undefined || path === '' ? undefined : kubeconfigAccess(path)
}

/** The same server, by a port of this machine. */
export function throughProxy(access: ClusterAccess, port: number): ClusterAccess {
  const { protocol, hostname } = new URL(access.server)
  // TLS names no addresses; this name is in the certificate of every API server.
  const nameDefault = isIP(hostname) === 0 ? hostname : 'kubernetes.default.svc'
  return {
    ...access,
    server: `${protocol}//127.0.0.1:${port}`,
    serverName: access.serverName ?? nameDefault,
  }
}

/** Removes what a test has left; nothing where there is nothing. */
export async function removeObject(
  client: KubernetesClient,
  resource: Resource,
  name: string,
): Promise<void> {
  const path = pathOf(resource, client.namespace, name)
  await client.connection.call({ method: 'DELETE', path }, client.limits)
}

/**
 * Servers before 1.21 have EndpointSlices as `v1beta1` alone, with the same fields as far as we read
 * them: there, this client asks for those.
 */
export async function askForOlderSlices({ connection, limits }: KubernetesClient): Promise<void> {
  const path = '/apis/discovery.k8s.io/v1'
  if ((await connection.call({ method: 'GET', path }, limits)).status !== 404) return
  const open = connection.open.bind(connection)
  connection.open = (request, handler) =>
    open({ ...request, path: request.path.replace(path, `${path}beta1`) }, handler)
}
