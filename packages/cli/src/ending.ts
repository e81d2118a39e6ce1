/**
 * Why a command ends before its work is done: somebody pressed Ctrl-C, or whoever read its output
 * has left. It is the reason of the signal that every command watches, so it is also the cause of
 * the errors that the signal brings about.
 */
export class Ending extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The ending that an error goes back to, if it does. */
export function endingOf(error: unknown): Ending | undefined {
  // Errors know their cause, and no chain of causes is that long.
  for (let depth = 0; depth < 8 && error instanceof Error; depth++) {
    if (error instanceof Ending) return error
    error = error.cause
  }
  return undefined
}
