import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from './ports.mjs'
import { startProgram } from './program.mjs'

const goethe = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))
const etcd = '/usr/bin/etcd'

/** False where Debian's package etcd-server is not installed. */
export const hasEtcd = existsSync(etcd)

/**
 * @typedef {object} Member
 * @property {string} name
 * @property {string} address for clients, as `goethe://host:port`
 * @property {string} url for HTTP
 * @property {string[]} args of `goethe serve`
 */

/** Three members of a cluster and the etcd by which they agree, each a process on this machine. */
export class LocalCluster {
  /** @type {Map<string, Awaited<ReturnType<typeof startProgram>>>} */
  #running = new Map()
  #folder

  /**
   * @param {string} folder
   * @param {Member[]} members
   */
  constructor(folder, members) {
    this.#folder = folder
    this.members = members
  }

  /** Starts all of it in a new temporary folder; `stop` removes that. */
  static async start() {
    const folder = await mkdtemp(join(tmpdir(), 'goethe-cluster-'))
    const secretFile = join(folder, 'secret')
    await writeFile(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 })
    // For each member those of gRPC, HTTP and its peers; two for etcd.
    const first = await freePorts(1337, 11)
    const names = ['goethe-0', 'goethe-1', 'goethe-2']
    const peers = names.map((name, index) => `${name}=127.0.0.1:${first + 3 * index + 2}`)
    const etcdUrl = `http://127.0.0.1:${first + 9}`
    const members = names.map((name, index) => {
      const port = first + 3 * index
      const args = [
        ['serve', '--data', join(folder, name), '--disk-reserve-bytes', '0'],
        ['--grpc-port', `${port}`, '--http-port', `${port + 1}`],
        ['--cluster', 'etcd', '--cluster-etcd-endpoints', etcdUrl],
        ['--cluster-member', name, '--cluster-address', `127.0.0.1:${port}`],
        ['--cluster-peer-port', `${port + 2}`, '--cluster-peers', peers.join(',')],
        ['--cluster-secret-file', secretFile],
      ].flat()
      return {
        name,
        address: `goethe://127.0.0.1:${port}`,
        url: `http://127.0.0.1:${port + 1}`,
        args,
      }
    })
    const cluster = new LocalCluster(folder, members)
    try {
      await cluster.#startEtcd(etcdUrl, `http://127.0.0.1:${first + 10}`)
      await Promise.all(names.map((name) => cluster.run(name)))
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** All that a client needs to know: it finds the leader by itself. */
  get addresses() {
    return this.members.map(({ address }) => address)
  }

  /** The members that run. */
  get processes() {
    return this.members.map(({ name }) => ({ name, pid: this.#running.get(name)?.pid }))
  }

  /**
   * Starts a member, again on its disk.
   *
   * @param {string} name
   */
  async run(name) {
    const args = [goethe, ...this.#member(name).args]
    this.#running.set(name, await startProgram(process.execPath, args, /Goethe is ready/))
  }

  /**
   * Ends a member as a crash does: it has no time for anything.
   *
   * @param {string} name
   */
  async kill(name) {
    await this.#running.get(name)?.end('SIGKILL')
    this.#running.delete(name)
  }

  /** The name of the member that takes writes, once there is one. */
  async leader() {
    for (;;) {
      for (const { name } of this.members) if ((await this.#stateOf(name)) === 'open') return name
      await pause(50)
    }
  }

  /** Resolves once every member leads or is in sync. */
  async allInSync() {
    for (;;) {
      const states = await Promise.all(this.members.map(({ name }) => this.#stateOf(name)))
      if (states.every((state) => state === 'open' || state === 'following')) return
      await pause(50)
    }
  }

  async stop() {
    const members = [...this.#running].filter(([name]) => name !== 'etcd')
    await Promise.all(members.map(([, program]) => program.end('SIGTERM')))
    await this.#running.get('etcd')?.end('SIGTERM')
    this.#running.clear()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /**
   * @param {string} url
   * @param {string} peerUrl
   */
  async #startEtcd(url, peerUrl) {
    const args = [
      ['--data-dir', join(this.#folder, 'etcd'), '--logger', 'zap'],
      ['--listen-client-urls', url, '--advertise-client-urls', url],
      ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ['--initial-cluster', `default=${peerUrl}`],
    ].flat()
    const ready = /serving (?:insecure )?client (?:requests|traffic)/
    this.#running.set('etcd', await startProgram(etcd, args, ready))
  }

  /** @param {string} name */
  #member(name) {
    const member = this.members.find((one) => one.name === name)
    if (member === undefined) throw new Error(`There is no member ${name}`)
    return member
  }

  /**
   * What a member says of its log; undefined when it says nothing.
   *
   * @param {string} name
   */
  async #stateOf(name) {
    try {
      const answer = await fetch(`${this.#member(name).url}/readyz`)
      return /** @type {{ store: string }} */ (await answer.json()).store
    } catch {
      return undefined
    }
  }
}
