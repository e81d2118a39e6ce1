import { PassThrough, Readable } from 'node:stream'
import { Ending } from '../src/ending.js'
import { exitCodeOf, linesOfError } from '../src/failure.js'
import { Output, type OutputStream } from '../src/output.js'
import { program } from '../src/program.js'
import type { Environment, Shell } from '../src/shell.js'

export interface RunOptions {
  input?: string | Uint8Array
  environment?: Environment
  /** Makes all three streams terminals. */
  terminal?: boolean
  /** Ends the command as Ctrl-C does once standard output holds this. */
  interruptAt?: string
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
}

/** Runs `goethe` in this process, which takes a hundredth of the time of a process of its own. */
export async function runGoethe(
  args: readonly string[],
  { input = '', environment = {}, terminal = false, interruptAt }: RunOptions = {},
): Promise<RunResult> {
  const stop = new AbortController()
  const capture = (onText: (all: string) => void = () => undefined) => {
    const chunks: Buffer[] = []
    const stream: OutputStream = new PassThrough()
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      onText(String(Buffer.concat(chunks)))
    })
    if (terminal) Object.assign(stream, { isTTY: true, columns: 80 })
    return { stream, text: () => Buffer.concat(chunks).toString() }
  }
  const stdout = capture((all) => {
    if (interruptAt !== undefined && all.includes(interruptAt)) {
      stop.abort(new Ending('Ended by Ctrl-C', 130))
    }
  })
  const stderr = capture()
  const shell: Shell = {
    environment,
    input: Object.assign(Readable.from([Buffer.from(input)]), { isTTY: terminal }),
    output: new Output(stdout.stream, environment),
    notes: new Output(stderr.stream, environment),
    signal: stop.signal,
    onHangUp: () => () => undefined,
  }
  let code = 0
  try {
    const goethe = await program(shell, args)
    await goethe.parseAsync(args, { from: 'user' })
  } catch (error) {
    await shell.notes.lines(linesOfError(error))
    code = exitCodeOf(error)
  }
  // What was written has to come out at the other side.
  await new Promise((resolve) => setImmediate(resolve))
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** What was written as a JSON object a line. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
