/** A server in a process of its own: the built `goethe serve`, as somebody starts it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../packages/cluster/tests-support/free-ports.js'

const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))

export interface Address {
  readonly host: string
  readonly port: number
}

/** How a process ended: with an exit code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ServerProcessOptions {
  /** Default: a new folder, which is removed when the server is disposed of. */
  data?: string
  /** Default: any free port, to which nobody else comes when the server has ended. */
  grpcPort?: number
  /** Default: the same. */
  httpPort?: number
  /** More flags of `goethe serve`. */
  args?: readonly string[]
  /** Variables besides those of this process. */
  environment?: Readonly<Record<string, string>>
}

/** A line of the server's log. */
export type LogLine = Readonly<Record<string, unknown>>

type WantedLine = string | ((line: LogLine) => boolean)

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number
  readonly data: string
  readonly grpc: Address
  readonly http: Address
  /** Where a client connects to: `goethe://host:port`. */
  readonly address: string
  /** Where HTTP listens: `http://host:port`. */
  readonly url: string
  /** What the server has written into its log until now, a line each. */
  readonly lines: readonly Record<string, unknown>[]
  /** What it has written to standard error until now; a server that is well writes nothing. */
  readonly stderr: string
  /** Resolves once the process has ended, by itself or not. */
  readonly ended: Promise<ProcessEnd>
  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void
  /**
   * Resolves with the first line of the log, past or to come, that has this message, or of which
   * this is true.
   */
  line(wanted: WantedLine): Promise<LogLine>
}

/** Starts a server, and resolves once it is ready. It must be disposed of. */
export async function startServerProcess({
  data,
  grpcPort,
  httpPort,
  args = [],
  environment = {},
}: ServerProcessOptions = {}): Promise<ServerProcess> {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'goethe-served-')))
  const ports = [
    ['--grpc-port', String(grpcPort ?? (await freePort()))],
    ['--http-port', String(httpPort ?? (await freePort()))],
  ].flat()
  const child = spawn(process.execPath, [main, 'serve', '--data', folder, ...ports, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = new ProcessOutput(child)
  const dispose = async (): Promise<void> => {
    child.kill('SIGKILL')
    await output.ended
    if (data === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const { grpc, http } = await output.line('Goethe is ready')
    return new RunningServer(child, output, folder, grpc as Address, http as Address, dispose)
  } catch (error) {
    await dispose()
    throw error
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>

class RunningServer implements ServerProcess {
  readonly data: string
  readonly grpc: Address
  readonly http: Address
  readonly #child: Child
  readonly #output: ProcessOutput
  readonly #dispose: () => Promise<void>

  constructor(
    child: Child,
    output: ProcessOutput,
    data: string,
    grpc: Address,
    http: Address,
    dispose: () => Promise<void>,
  ) {
    this.#child = child
    this.#output = output
    this.data = data
    this.grpc = grpc
    this.http = http
    this.#dispose = dispose
  }

  get pid(): number {
    return this.#child.pid!
  }

  get address(): string {
    return `goethe://${this.grpc.host}:${this.grpc.port}`
  }

  get url(): string {
    return `http://${this.http.host}:${this.http.port}`
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.#output.lines
  }

  get stderr(): string {
    return this.#output.stderr
  }

  get ended(): Promise<ProcessEnd> {
    return this.#output.ended
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  line(wanted: WantedLine): Promise<LogLine> {
    return this.#output.line(wanted)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispose()
  }
}

/** What a process writes, and how it ends. */
class ProcessOutput {
  readonly lines: Record<string, unknown>[] = []
  stderr = ''
  readonly ended: Promise<ProcessEnd>
  readonly #waiting = new Set<() => void>()
  #end: ProcessEnd | undefined

  constructor(child: Child) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>)
      this.#wake()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#end = { code: code as number | null, signal: signal as NodeJS.Signals | null }
      this.#wake()
      return this.#end
    })
  }

  async line(wanted: WantedLine): Promise<LogLine> {
    const isWanted = typeof wanted === 'string' ? ({ msg }: LogLine) => msg === wanted : wanted
    for (;;) {
      const found = this.lines.find(isWanted)
      if (found !== undefined) return found
      if (this.#end !== undefined) {
        const { code, signal } = this.#end
        throw new Error(`goethe serve ended (${signal ?? code}) before it said '${String(wanted)}':
${this.stderr}`)
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }
}
