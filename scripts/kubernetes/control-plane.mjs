// etcd, an API server and the controllers of Kubernetes, in processes on this machine: everything but
// nodes, so that objects are real and pods never run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { makeCertificates } from './certificates.mjs'

/** The namespace that the kubeconfig names. */
const namespace = 'goethe'

/** What later versions always have. */
const featureGates = 'EndpointSliceTerminatingCondition=true'

/** How long one of them may take until it serves, in milliseconds. */
const startMsMax = 120_000

export class ControlPlane {
  #programs
  #folder
  /** @type {{ etcd: number, etcdPeer: number, api: number }} */
  #ports
  /** @type {Map<string, import('node:child_process').ChildProcess>} */
  #processes = new Map()

  /**
   * @param {{ apiServer: string, controllers: string }} programs
   * @param {string} folder
   * @param {[number, number, number]} ports
   */
  constructor(programs, folder, [etcd, etcdPeer, api]) {
    this.#programs = programs
    this.#folder = folder
    this.#ports = { etcd, etcdPeer, api }
  }

  /**
   * Resolves once the namespace and its service account are there.
   *
   * @param {{ apiServer: string, controllers: string }} programs
   * @param {string} folder for data, certificates and logs
   */
  static async start(programs, folder) {
    mkdirSync(folder, { recursive: true })
    const plane = new ControlPlane(programs, folder, await freePorts())
    await makeCertificates(folder)
    plane.#writeKubeconfig()
    try {
      await plane.#startEtcd()
      await plane.#startApiServer()
      plane.#startControllers()
      await plane.#ask('/api/v1/namespaces', { metadata: { name: namespace } })
      const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
      await plane.#until(() => plane.#ask(`${accounts}/default`))
    } catch (error) {
      await plane.stop()
      throw error
    }
    return plane
  }

  /** Of an administrator. */
  get kubeconfig() {
    return this.#path('kubeconfig')
  }

  /** Resolves once it has a past, which the API server does not know: as every older one has. */
  async #startEtcd() {
    const { etcd, etcdPeer } = this.#ports
    const url = `http://127.0.0.1:${etcd}`
    const peerUrl = `http://127.0.0.1:${etcdPeer}`
    this.#start('etcd', 'etcd', [
      ['--data-dir', this.#path('etcd'), '--logger', 'zap'],
      ['--listen-client-urls', url, '--advertise-client-urls', url],
      ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ['--initial-cluster', `default=${peerUrl}`],
    ])
    const written = JSON.stringify({ key: btoa('past') })
    await this.#until(async () => {
      for (let version = 0; version < 10; version++) {
        await fetch(`${url}/v3/kv/put`, { method: 'POST', body: written })
      }
    })
  }

  /** Resolves once it serves. */
  async #startApiServer() {
    const { etcd, api } = this.#ports
    this.#start('kube-apiserver', this.#programs.apiServer, [
      ['--etcd-servers', `http://127.0.0.1:${etcd}`],
      ['--bind-address', '127.0.0.1', '--secure-port', `${api}`],
      ['--advertise-address', '127.0.0.1'],
      ['--endpoint-reconciler-type', 'none', '--service-cluster-ip-range', '10.0.0.0/24'],
      ['--authorization-mode', 'RBAC', '--allow-privileged'],
      ['--client-ca-file', this.#path('ca.crt')],
      [
        '--tls-cert-file',
        this.#path('server.crt'),
        '--tls-private-key-file',
        this.#path('server.key'),
      ],
      ['--service-account-issuer', 'https://kubernetes.default.svc'],
      ['--service-account-key-file', this.#path('server.key')],
      ['--service-account-signing-key-file', this.#path('server.key')],
      ['--feature-gates', featureGates],
    ])
    await this.#until(() => this.#ask('/readyz'))
  }

  #startControllers() {
    this.#start('kube-controller-manager', this.#programs.controllers, [
      ['--kubeconfig', this.kubeconfig, '--leader-elect=false', '--port', '0'],
      ['--bind-address', '127.0.0.1', '--secure-port', '0'],
      ['--root-ca-file', this.#path('ca.crt')],
      ['--service-account-private-key-file', this.#path('server.key')],
      ['--feature-gates', featureGates],
    ])
  }

  async stop() {
    for (const child of [...this.#processes.values()].reverse()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }

  /**
   * @param {string} name
   * @param {string} program
   * @param {string[][]} args
   */
  #start(name, program, args) {
    const log = openSync(this.#path(`${name}.log`), 'a')
    const child = spawn(program, args.flat(), { stdio: ['ignore', log, log] })
    child.on('error', () => undefined)
    this.#processes.set(name, child)
  }

  /** @param {() => Promise<unknown>} attempt */
  async #until(attempt) {
    const endMs = performance.now() + startMsMax
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        for (const [name, { exitCode, pid }] of this.#processes) {
          if (pid !== undefined && exitCode === null) continue
          const log = readFileSync(this.#path(`${name}.log`), 'utf8')
          throw new Error(`${name} has ended:\n${log.slice(-2000)}`, { cause: error })
        }
        if (performance.now() > endMs) throw error
        await pause(500)
      }
    }
  }

  /**
   * Asks the API server as the administrator, or has it create an object.
   *
   * @param {string} path
   * @param {object} [object]
   */
  async #ask(path, object) {
    const [ca, cert, key] = ['ca.crt', 'admin.crt', 'admin.key'].map((name) =>
      readFileSync(this.#path(name)),
    )
    const asked = request({
      ...{ host: '127.0.0.1', port: this.#ports.api, path, ca, cert, key },
      method: object === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
    })
    asked.end(JSON.stringify(object))
    const [answer] = await once(asked, 'response')
    const said = await text(answer)
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${said}`)
  }

  #writeKubeconfig() {
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [
        {
          name: 'here',
          cluster: {
            server: `https://127.0.0.1:${this.#ports.api}`,
            'certificate-authority': this.#path('ca.crt'),
          },
        },
      ],
      users: [
        {
          name: 'admin',
          user: {
            'client-certificate': this.#path('admin.crt'),
            'client-key': this.#path('admin.key'),
          },
        },
      ],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'admin', namespace } }],
    }
    writeFileSync(this.kubeconfig, JSON.stringify(kubeconfig))
  }

  /** @param {string} name */
  #path(name) {
    return join(this.#folder, name)
  }
}

/** Ports that nobody listens on. Held all at once, so that they differ. */
async function freePorts() {
  const servers = [createServer(), createServer(), createServer()]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  const ports = servers.map(
    (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  )
  for (const server of servers) await once(server.close(), 'close')
  return /** @type {[number, number, number]} */ (ports)
}
