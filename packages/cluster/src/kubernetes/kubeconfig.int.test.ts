import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { tempFolder } from '../../../core/tests-support/temp-folder.js'
import { TestAuthority } from '../../../server/tests-support/certificates.js'
import { FakeApiServer } from '../../tests-support/fake-api-server.js'
import { inClusterAccess } from './in-cluster.js'
import { kubeconfigAccess } from './kubeconfig.js'
import { KubernetesClient } from './kubernetes-client.js'
import { leases } from './resource.js'

function configOf(cluster: object, user: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'weimar',
    contexts: [{ name: 'weimar', context: { cluster: 'c', user: 'u', namespace: 'poets' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  }
}

describe('a kubeconfig', () => {
  async function accessOf(config: object, context?: string, files: Record<string, string> = {}) {
    await using folder = await tempFolder()
    const path = join(folder.path, 'config')
    await writeFile(path, stringify(config))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
    const access = await kubeconfigAccess(path, context)
    return { access, credentials: await access.readCredentials() }
  }

  it('gives a token and the namespace of its context', async () => {
    const { access, credentials } = await accessOf(
      configOf({ server: 'https://10.0.0.1:6443/' }, { token: 't' }),
    )
    expect(access).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'poets' })
    expect(credentials).toEqual({ token: 't' })
  })

  it('gives what its files hold, which lie beside it, and what it holds itself', async () => {
    const { credentials } = await accessOf(
      configOf(
        { server: 'https://x', 'certificate-authority': 'ca.pem' },
        {
          tokenFile: 'token',
          'client-certificate-data': Buffer.from('cert').toString('base64'),
          'client-key-data': Buffer.from('key').toString('base64'),
        },
      ),
      undefined,
      { token: 'from file\n', 'ca.pem': 'authority' },
    )
    expect(credentials).toEqual({ token: 'from file', ca: 'authority', cert: 'cert', key: 'key' })
  })

  const plain = configOf({ server: 'https://x' }, { token: 't' })
  it.each([
    [{}, undefined, 'has no current-context: set one, or name a context'],
    [plain, 'jena', 'has no context "jena"'],
    [{ ...plain, clusters: [] }, undefined, 'has no cluster "c" with a server'],
    [{ ...plain, users: null }, undefined, 'has no user "u"'],
    [
      configOf({ server: 'https://x' }, { exec: { command: 'aws' } }),
      undefined,
      'runs a program for its credentials (exec), which is not supported here: use a token',
    ],
    [configOf({ server: 'https://x' }, { username: 'a' }), undefined, 'has a username'],
    [configOf({ server: 'https://x' }, { 'auth-provider': {} }), undefined, 'has an auth-provider'],
    [configOf({ server: 'https://x' }, { as: 'admin' }), undefined, 'acts as another user'],
    [
      configOf({ server: 'https://x', 'proxy-url': 'http://p' }, { token: 't' }),
      undefined,
      'goes through a proxy',
    ],
  ])('like %j is refused with a reason', async (config, context, reason) => {
    await expect(accessOf(config, context)).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining(reason) as string,
    })
  })

  it('that is not there is refused by its path', async () => {
    await expect(kubeconfigAccess('/nowhere/config')).rejects.toThrow(
      'The kubeconfig /nowhere/config cannot be read: ENOENT',
    )
  })
})

describe('a server with TLS', () => {
  it('is held to its authority, and takes the certificate of a client', async () => {
    await using folder = await tempFolder()
    const authority = await TestAuthority.create(folder.path)
    const [server, client] = [await authority.sign('server'), await authority.sign('client')]
    await using api = await FakeApiServer.start({
      cert: server.cert,
      key: server.key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    })
    const user = { 'client-certificate': client.certFile, 'client-key': client.keyFile }
    const reading = async (cluster: object): Promise<unknown> => {
      const path = join(folder.path, 'config')
      await writeFile(path, stringify(configOf({ server: api.url, ...cluster }, user)))
      const opened = KubernetesClient.open(await kubeconfigAccess(path))
      try {
        return await opened.get(leases, 'faust')
      } finally {
        await opened.close()
      }
    }
    const known = { 'certificate-authority': authority.certFile }
    expect(await reading(known)).toBeUndefined()
    expect(await reading({ ...known, 'tls-server-name': 'localhost' })).toBeUndefined()
    expect(await reading({ 'insecure-skip-tls-verify': true })).toBeUndefined()
    await expect(reading({})).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    await expect(reading({ ...known, 'tls-server-name': 'weimar' })).rejects.toThrow('weimar')
  })
})

describe('a pod', () => {
  it('reads what Kubernetes has mounted, again and again', async () => {
    await using folder = await tempFolder()
    const write = (name: string, text: string): Promise<void> =>
      writeFile(join(folder.path, name), text)
    await Promise.all([write('namespace', 'poets'), write('token', 'old'), write('ca.crt', 'ca')])
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
    const access = await inClusterAccess({ environment, folder: folder.path })
    expect(access).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'poets' })
    expect(await access.readCredentials()).toEqual({ token: 'old', ca: 'ca' })
    await write('token', 'new\n')
    expect(await access.readCredentials()).toEqual({ token: 'new', ca: 'ca' })
  })

  it('is told what is missing', async () => {
    await expect(inClusterAccess({ environment: {} })).rejects.toThrow(
      'This process is no pod of a Kubernetes cluster, as KUBERNETES_SERVICE_HOST is not set',
    )
    const environment = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    await expect(inClusterAccess({ environment, folder: '/nowhere' })).rejects.toThrow(
      '/nowhere/namespace cannot be read: set automountServiceAccountToken to true in the pod',
    )
  })
})
