/** A real etcd on free ports, with its data in a temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TempFolder, tempFolder } from '../../core/tests-support/temp-folder.js'
import { freePorts } from './free-ports.js'

const program = '/usr/bin/etcd'

/** False where Debian's package etcd-server is not installed. */
export const hasEtcd = existsSync(program)

/** Files of a server that speaks TLS. */
export interface EtcdTlsFiles {
  certFile: string
  keyFile: string
  /** Clients have to show a certificate that this authority signed. */
  caFile: string
}

export class EtcdProcess {
  readonly port: number
  readonly #folder: TempFolder
  readonly #arguments: string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: TempFolder, args: string[]) {
    this.port = port
    this.#folder = folder
    this.#arguments = args
  }

  static async start(tls?: EtcdTlsFiles): Promise<EtcdProcess> {
    const [etcd] = await EtcdProcess.startSeveral(1, tls)
    return etcd!
  }

  /** So many that agree with each other. */
  static async startSeveral(count: number, tls?: EtcdTlsFiles): Promise<EtcdProcess[]> {
    const ports = await freePorts(2 * count)
    const members = Array.from({ length: count }, (_, index) => ({
      name: `etcd-${index}`,
      port: ports[2 * index]!,
      peerUrl: `http://127.0.0.1:${ports[2 * index + 1]}`,
    }))
    const cluster = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
    const processes: EtcdProcess[] = []
    for (const { name, port, peerUrl } of members) {
      const folder = await tempFolder()
      const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
      const args = [
        ['--name', name, '--data-dir', join(folder.path, 'data'), '--logger', 'zap'],
        ['--listen-client-urls', url, '--advertise-client-urls', url],
        ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ['--initial-cluster', cluster],
        tls === undefined
          ? []
          : ['--cert-file', tls.certFile, '--key-file', tls.keyFile, '--client-cert-auth'],
        tls === undefined ? [] : ['--trusted-ca-file', tls.caFile],
      ]
      processes.push(new EtcdProcess(port, folder, args.flat()))
    }
    await Promise.all(processes.map((etcd) => etcd.run()))
    return processes
  }

  /** Starts it, again on the same data after `kill`. */
  async run(): Promise<void> {
    const child = spawn(program, this.#arguments, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    const said: string[] = []
    for await (const line of createInterface(child.stderr)) {
      said.push(line)
      if (/serving (?:insecure )?client (?:requests|traffic)/.test(line)) {
        // It would stop when nobody takes what it says.
        child.stderr.resume()
        return
      }
    }
    throw new Error(`etcd ended before it served:\n${said.slice(-10).join('\n')}`)
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Calls its gateway, which takes JSON. */
  async post(path: string, body: object): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#folder[Symbol.asyncDispose]()
  }
}
