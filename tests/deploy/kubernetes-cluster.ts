/**
 * Members as `deploy/kubernetes` runs them, in processes on this machine: with its settings and the
 * rights of its Role, on an API server that is no real one, where the test is the controller that makes
 * EndpointSlices.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, get } from 'node:http'
import { get as getSecurely } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '@goethe/client'
import { hashToken, newToken } from '@goethe/server'
import { parse } from 'yaml'
import { FakeApiServer } from '../../packages/cluster/tests-support/fake-api-server.js'
import { freePorts } from '../../packages/cluster/tests-support/free-ports.js'
import { type TempFolder, tempFolder } from '../../packages/core/tests-support/temp-folder.js'
import { TestAuthority } from '../../packages/server/tests-support/certificates.js'
import { type ServerProcess, startServerProcess } from '../server/server-process.js'
import { patient } from '../server/steady-appends.js'
import { type Role, rulesFor } from './role.js'

const manifests = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url))
const namespace = 'weimar'

export const role = parse(readFileSync(join(manifests, 'base/role.yaml'), 'utf8')) as Role

/** As much of the Lease as is looked at. */
export interface Lease {
  metadata: { annotations: Record<string, string> }
  spec: {
    holderIdentity?: string
    leaseTransitions: number
    leaseDurationSeconds: number
    renewTime: string
  }
}

interface Readiness {
  ready: boolean
  store: string
  reasons: readonly string[]
}

interface Pod {
  readonly name: string
  readonly grpcPort: number
  readonly httpPort: number
  readonly peerPort: number
}

export class KubernetesCluster implements AsyncDisposable {
  readonly api: FakeApiServer
  readonly #folder: TempFolder
  readonly #pods: readonly Pod[]
  readonly #servers = new Map<string, ServerProcess>()
  /** Who signs the certificates, and the token of a client, where the settings want them. */
  #authority: TestAuthority | undefined
  readonly #token = newToken()

  private constructor(api: FakeApiServer, folder: TempFolder, pods: readonly Pod[]) {
    this.api = api
    this.#folder = folder
    this.#pods = pods
  }

  /** Three members with the settings of the base or of an overlay, of which one leads. */
  static async start(settings = 'base'): Promise<KubernetesCluster> {
    const [api, folder, ports] = await Promise.all([
      FakeApiServer.start(),
      tempFolder(),
      freePorts(9),
    ])
    api.token = 'the token of the service account'
    api.allows = (right) => rulesFor(role, right).length > 0
    const pods = [0, 1, 2].map((index) => ({
      name: `goethe-${index}`,
      grpcPort: ports[index]!,
      httpPort: ports[3 + index]!,
      peerPort: ports[6 + index]!,
    }))
    const cluster = new KubernetesCluster(api, folder, pods)
    try {
      await cluster.#writeFiles(settings)
      await Promise.all(pods.map(({ name }) => cluster.run(name)))
      await cluster.leader()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  get names(): string[] {
    return this.#pods.map(({ name }) => name)
  }

  get addresses(): string[] {
    return this.#pods.map(({ grpcPort }) => `goethe://127.0.0.1:${grpcPort}`)
  }

  /** A client that knows all members. */
  connect(): Client {
    const ca = this.#authority?.cert
    const secured = ca === undefined ? {} : { tls: { ca }, token: this.#token }
    return connect(this.addresses, { ...patient, ...secured })
  }

  get lease(): Lease {
    return this.api.stored('leases', namespace, 'goethe') as unknown as Lease
  }

  /** Replaces the Lease, or deletes it, as somebody else would. */
  putLease(lease: object | undefined): void {
    this.api.put('leases', namespace, 'goethe', lease)
  }

  server(name: string): ServerProcess {
    const server = this.#servers.get(name)
    if (server === undefined) throw new Error(`${name} does not run`)
    return server
  }

  /** Starts a pod, again on its disk; Kubernetes tells of it before it is ready. */
  async run(name: string): Promise<void> {
    const pod = this.#pods.find((one) => one.name === name)!
    this.#tell(pod, false)
    const { grpcPort, httpPort, peerPort } = pod
    const data = join(this.#folder.path, name)
    await mkdir(data, { recursive: true })
    const args = [
      ['--config', join(this.#folder.path, 'goethe.yaml'), '--disk-reserve-bytes', '0'],
      ['--cluster-kubeconfig', join(this.#folder.path, 'kubeconfig')],
      ['--cluster-member', name, '--cluster-address', `127.0.0.1:${grpcPort}`],
      ['--cluster-peer-host', '127.0.0.1', '--cluster-peer-port', String(peerPort)],
    ].flat()
    this.#servers.set(name, await startServerProcess({ data, grpcPort, httpPort, args }))
  }

  /** Ends a pod, as Kubernetes or as a crash does. */
  async end(name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const server = this.server(name)
    if (signal === 'SIGTERM')
      this.#tell(
        this.#pods.find((pod) => pod.name === name)!,
        true,
      )
    server.kill(signal)
    await server.ended
    this.#servers.delete(name)
  }

  /** Takes the disk of a pod that does not run. */
  async loseDisk(name: string): Promise<void> {
    await rm(join(this.#folder.path, name), { recursive: true })
  }

  /** The member that takes writes, once there is one; besides `except`. */
  async leader(except?: string): Promise<string> {
    for (;;) {
      for (const name of this.#servers.keys()) {
        if (name !== except && (await this.state(name)) === 'open') return name
      }
      await pause(20)
    }
  }

  /** What a member says of its log. */
  async state(name: string): Promise<string> {
    return (await this.#readiness(name)).store
  }

  /** Resolves once a member gives a reason with this text, or none. */
  async explains(name: string, text: string | undefined): Promise<void> {
    for (;;) {
      const reasons = (await this.#readiness(name)).reasons.join(' ')
      if (text === undefined ? reasons === '' : reasons.includes(text)) return
      await pause(20)
    }
  }

  /** Resolves once the readiness probe of a pod succeeds. */
  async isReady(name: string): Promise<void> {
    while (!(await this.#readiness(name)).ready) await pause(20)
  }

  /** Resolves once a member is in sync. */
  readonly follows = async (name: string): Promise<void> => {
    while ((await this.state(name)) !== 'following') await pause(20)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()))
    await this.api[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  async #readiness(name: string): Promise<Readiness> {
    const { http } = this.server(name)
    const options = { host: http.host, port: http.port, path: '/readyz' }
    const ca = this.#authority?.cert
    const request = ca === undefined ? get(options) : getSecurely({ ...options, ca })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return (await json(response)) as Readiness
  }

  async #writeFiles(settings: string): Promise<void> {
    const { path } = this.#folder
    // What a pod has mounted there.
    const text = readFileSync(join(manifests, settings, 'goethe.yaml'), 'utf8')
      .replaceAll('/etc/goethe', path)
      .replace(/0{64}/, hashToken(this.#token))
    await writeFile(join(path, 'goethe.yaml'), text)
    await mkdir(join(path, 'members'))
    await writeFile(join(path, 'members/secret'), 'the secret of these three')
    if (text.includes('tls.crt')) await this.#writeCertificates()
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [{ name: 'here', cluster: { server: this.api.url } }],
      users: [{ name: 'goethe', user: { token: this.api.token } }],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'goethe', namespace } }],
    }
    await writeFile(join(path, 'kubeconfig'), JSON.stringify(kubeconfig))
  }

  /** As the Secrets have them: one for clients, one that names all members. */
  async #writeCertificates(): Promise<void> {
    const { path } = this.#folder
    const authority = await TestAuthority.create(path)
    this.#authority = authority
    for (const [name, hosts] of [
      ['tls', ['localhost']],
      ['members-tls', this.names],
    ] as const) {
      const { cert, key } = await authority.sign(name, ...hosts)
      await mkdir(join(path, name))
      await writeFile(join(path, name, 'tls.crt'), cert)
      await writeFile(join(path, name, 'tls.key'), key)
      await writeFile(join(path, name, 'ca.crt'), authority.cert)
    }
  }

  /** A slice for each pod, as each has a port of its own here. */
  #tell({ name, peerPort }: Pod, terminating: boolean): void {
    this.api.put('endpointslices', namespace, `goethe-members-${name}`, {
      metadata: { labels: { 'kubernetes.io/service-name': 'goethe-members' } },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['127.0.0.1'],
          conditions: { ready: false, serving: true, terminating },
          hostname: name,
          targetRef: { kind: 'Pod', name },
        },
      ],
      ports: [{ name: 'peer', port: peerPort }],
    })
  }
}
