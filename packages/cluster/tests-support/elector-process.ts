/** client-go's elector itself, in a process (`client-go/main.go`), which waits 15 s, its default. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Interface, createInterface } from 'node:readline'
import type { Elector, ElectorOptions } from './elector.js'

interface Answer {
  readonly done: boolean
  readonly isLeader: boolean
  readonly holder: string
}

export class ElectorProcess implements Elector {
  readonly #nowMs: () => number
  readonly #process: ChildProcess
  readonly #lines: Interface
  #askedMs: number
  #said: Answer | undefined

  /** The program that `npm run kubernetes` has built, on an API server. */
  constructor(program: string, kubeconfig: string, { name, identity, nowMs }: ElectorOptions) {
    const args = ['-kubeconfig', kubeconfig, '-lease', name, '-identity', identity]
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#lines = createInterface(this.#process.stdout!)
    this.#nowMs = nowMs
    this.#askedMs = nowMs()
  }

  get isLeader(): boolean {
    return this.#said?.isLeader === true
  }

  get holder(): string | undefined {
    return this.#said?.holder
  }

  tryAcquireOrRenew(): Promise<boolean> {
    return this.#ask(false)
  }

  release(): Promise<boolean> {
    return this.#ask(true)
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin!.end()
    await ended
  }

  async #ask(release: boolean): Promise<boolean> {
    const nowMs = this.#nowMs()
    const answered = once(this.#lines, 'line') as Promise<[string]>
    this.#process.stdin!.write(`${JSON.stringify({ passedMs: nowMs - this.#askedMs, release })}\n`)
    this.#askedMs = nowMs
    const [line] = await answered
    this.#said = JSON.parse(line) as Answer
    return this.#said.done
  }
}
