/** A process on a host, which is started again whenever it ends by itself, as Kubernetes does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const restartDelayMs = 500

export interface HostedProcessOptions {
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** What it writes is added here. */
  readonly logFile: string
}

export class HostedProcess {
  /** How it ended by itself: an exit code or a signal, each time. */
  readonly endings: string[] = []
  readonly #options: HostedProcessOptions
  #process: ChildProcess | undefined
  #isWanted = false
  #ended: Promise<void> = Promise.resolve()

  constructor(options: HostedProcessOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  start(): void {
    if (this.#isWanted) throw new Error('it runs already')
    this.#isWanted = true
    this.#ended = this.#keepRunning()
  }

  /** Does nothing to one that is about to be started again. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Ends it for good, until it is started again; resolves once it has ended. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isWanted = false
    this.signal(signal)
    await this.#ended
  }

  async #keepRunning(): Promise<void> {
    while (this.#isWanted) {
      const { command, environment = {}, logFile } = this.#options
      const log = openSync(logFile, 'a')
      const child = spawn(command[0]!, command.slice(1), {
        env: { ...process.env, ...environment },
        stdio: ['ignore', log, log],
      })
      closeSync(log)
      this.#process = child
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
      this.#process = undefined
      if (!this.#isWanted) return
      this.endings.push(signal ?? `exit code ${code}`)
      await pause(restartDelayMs)
    }
  }
}
