import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { RunResult } from './run-goethe.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** Starts the built `goethe` as users have it. */
export function startGoethe(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...args], { env: { ...process.env, ...environment } })
}

/** Waits until a process has ended. */
export async function resultOf(
  child: ChildProcessWithoutNullStreams,
  input: string | Uint8Array = '',
): Promise<RunResult> {
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: code as number, stdout, stderr }
}
