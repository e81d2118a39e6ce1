import type { Readable } from 'node:stream'
import type { Output } from './output.js'

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What a command has around it; the one place where a process reaches it. */
export interface Shell {
  readonly environment: Environment
  readonly input: Readable & { isTTY?: boolean }
  /** What was asked for. */
  readonly output: Output
  /** What is said about it: progress, notes, errors. */
  readonly notes: Output
  /** Fires when the command is to end; its reason is an `Ending`. */
  readonly signal: AbortSignal
  /**
   * Calls the listener on each SIGHUP, until what comes back is called. While nobody listens, it
   * ends the process.
   */
  onHangUp(listener: () => void): () => void
}
