import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program to its end and gives what it wrote; what it takes from standard input is `input`. */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(command, [...args])
  // One that takes nothing may have ended before; its own result says all.
  running.child.stdin!.on('error', () => undefined).end(input)
  return (await running).stdout
}
