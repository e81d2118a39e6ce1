import { isGoetheError } from '@goethe/core'
import { CommanderError } from 'commander'

/** What ends a command with one line of explanation and exit code 1. */
export class Failure extends Error {}

/** Prints an error as one line. Commander has printed its own already. */
export function report(error: unknown): void {
  if (error instanceof CommanderError) return
  console.error(`goethe: ${messageOf(error)}`)
}

/** 0 after --help, 2 for wrong usage (core throws TypeError for wrong arguments), 1 otherwise. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return error instanceof TypeError ? 2 : 1
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = message.replaceAll(/\s*\n\s*/g, ' ')
  return isGoetheError(error) ? `${line} (${error.code})` : line
}
