/** A server that is attacked, and somebody who only wants to work with it meanwhile. */
import { readFile } from 'node:fs/promises'
import { type Socket, connect as connectSocket } from 'node:net'
import { once } from 'node:events'
import { type Client, connect } from '@goethe/client'
import { expect } from 'vitest'
import {
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.js'

const mebibyte = 1024 * 1024

export interface HostileTargetOptions extends ServerProcessOptions {
  /** More than this the process must never have had in memory. */
  residentMebibytesMax: number
  /** What the well-behaved client shows. */
  token?: string
}

export class HostileTarget implements AsyncDisposable {
  readonly server: ServerProcess
  readonly client: Client
  readonly #residentBytesMax: number
  #appended = 0

  private constructor(server: ServerProcess, client: Client, residentBytesMax: number) {
    this.server = server
    this.client = client
    this.#residentBytesMax = residentBytesMax
  }

  static async start({
    residentMebibytesMax,
    token,
    args = [],
    ...options
  }: HostileTargetOptions): Promise<HostileTarget> {
    const common = ['--disk-reserve-bytes', '0', '--durability', 'os']
    const server = await startServerProcess({ ...options, args: [...common, ...args] })
    const client = connect(server.address, token === undefined ? {} : { token })
    return new HostileTarget(server, client, residentMebibytesMax * mebibyte)
  }

  /** A connection to one of the ports, for bytes of any kind; its errors are to be expected. */
  async socket(port: 'grpc' | 'http'): Promise<Socket> {
    const socket = connectSocket(this.server[port].port, this.server[port].host)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }

  /** It lives, works for others, has never taken too much memory, and has met no defect. */
  async expectWell(): Promise<void> {
    const text = `event ${++this.#appended}`
    const { lastSequence } = await this.client.append('witness', new TextEncoder().encode(text))
    expect(lastSequence).toBe(this.#appended)
    const [last] = await this.client.read('witness', { reverse: true, limit: 1 }).toArray()
    expect(last?.text()).toBe(text)
    const live = await fetch(`${this.server.url}/livez`)
    expect(live.status).toBe(200)
    await live.arrayBuffer()
    expect(await this.residentBytesPeak()).toBeLessThan(this.#residentBytesMax)
    expect(this.server.stderr).toBe('')
    expect(this.server.lines.filter(({ level }) => level === 'error')).toEqual([])
  }

  /** The most that it ever had; where the system does not tell, what it has now. */
  async residentBytesPeak(): Promise<number> {
    const status = await readFile(`/proc/${this.server.pid}/status`, 'utf8').catch(() => '')
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
    if (kibibytes !== undefined) return Number(kibibytes) * 1024
    return this.metric('process_resident_memory_bytes')
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.server.url}/metrics`)).text()
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
    if (line === undefined) throw new Error(`There is no metric ${name}`)
    return Number(line.slice(name.length + 1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.server[Symbol.asyncDispose]()
  }
}

/** Writes until all is written or the other side has closed; tells which of them it was. */
export async function flood(
  socket: Socket,
  chunks: Iterable<Uint8Array>,
): Promise<'all was taken' | 'closed'> {
  for (const chunk of chunks) {
    if (socket.destroyed) return 'closed'
    if (!socket.write(chunk)) await drained(socket)
  }
  return socket.destroyed ? 'closed' : 'all was taken'
}

/** Resolves when there is room again, or nobody to take anything any more. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      socket.off('drain', end)
      socket.off('close', end)
      resolve()
    }
    socket.on('drain', end)
    socket.on('close', end)
  })
}

/** All that the other side says until it closes. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await closed(socket)
  return Buffer.concat(chunks).toString('latin1')
}

/** Resolves when a connection is closed, however that came. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}
