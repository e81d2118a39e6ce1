import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  id: number
  /** Ends it in its own way, and resolves when it has ended. */
  stop(): Promise<void>
  /** Resolves when it has ended, with how that was and what it wrote last. */
  ended: Promise<string>
  /** Ends it without a word, as a crash would, and resolves when it has ended. */
  kill(): Promise<void>
}

const host = '127.0.0.1'
const startTimeoutMs = 20_000
const stopTimeoutMs = 10_000

/**
 * Starts a server, and resolves when it accepts connections on its port. Rejects with what it has
 * written when it ends before. It does not outlive this process.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
): Promise<ServerProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const endWithThis = () => child.kill('SIGKILL')
  process.once('exit', endWithThis)
  child.once('exit', () => process.off('exit', endWithThis))
  let output = ''
  const note = (text: string) => (output = `${output}${text}`.slice(-2000))
  child.stdout.setEncoding('utf8').on('data', note)
  child.stderr.setEncoding('utf8').on('data', note)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`${basename(command)}: ${signal ?? code}`))
  })
  const failure = await Promise.race([accepts(port, ended), ended])
  if (failure !== undefined) {
    child.kill('SIGKILL')
    throw new Error(`${failure}\n${output}`)
  }
  return {
    id: child.pid!,
    ended: ended.then((how) => `${how}\n${output}`),
    stop: () => stop(child, ended),
    kill: () => kill(child, ended),
  }
}

/**
 * As `startServer`, for a script that this Node runs; with a CPU profile if this process has one,
 * which the name ends.
 */
export function startNode(
  script: string,
  args: readonly string[],
  port: number,
  name = 'server',
): Promise<ServerProcess> {
  const profileFlags = process.execArgv
    .filter((flag) => flag.startsWith('--cpu-prof'))
    .map((flag) => flag.replace(/\.cpuprofile$/, `-${name}.cpuprofile`))
  return startServer(process.execPath, [...profileFlags, script, ...args], port)
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function accepts(port: number, ended: Promise<string>): Promise<string | undefined> {
  let isOver = false
  void ended.then(() => (isOver = true))
  const deadline = performance.now() + startTimeoutMs
  while (!isOver && performance.now() < deadline) {
    if (await canConnect(port)) return undefined
    await delay(20)
  }
  return isOver ? ended : `Nothing listens on port ${port} after ${startTimeoutMs} ms`
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function stop(child: ChildProcess, ended: Promise<string>) {
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(killer)
}

async function kill(child: ChildProcess, ended: Promise<string>) {
  child.kill('SIGKILL')
  await ended
}
