import { ArgumentError, type GoetheErrorCode, isGoetheError } from '@goethe/core'
import type { ConnectFailure, ConnectFailureReason } from '@goethe/client'
import { CommanderError } from 'commander'
import { endingOf } from './ending.js'
import { exitCode } from './exit-code.js'
import { escapeControls } from './payload.js'

/** What ends a command with a sentence of explanation, and perhaps one of advice. */
export class Failure extends Error {
  readonly advice: string | undefined
  readonly exitCode: number

  constructor(
    message: string,
    options: { advice?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.advice = options.advice
    this.exitCode = options.exitCode ?? exitCode.failed
  }
}

/** The lines that tell what went wrong, and what would be right. None for what is no error. */
export function linesOfError(error: unknown): string[] {
  // Commander has printed its own already.
  if (error instanceof CommanderError || endingOf(error) !== undefined) return []
  const advice = adviceFor(error)
  // Only our own messages may have several lines: what came from elsewhere could draw anything.
  const message = error instanceof Failure ? linesOf(error.message).join('\n') : messageOf(error)
  const first = `goethe: ${message}`
  return advice === undefined ? [first] : [first, `        ${advice}`]
}

/** What the process is to end with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCode.done : exitCode.wrongUsage
  }
  const ending = endingOf(error)
  if (ending !== undefined) return ending.exitCode
  if (error instanceof Failure) return error.exitCode
  if (isGoetheError(error, 'GOETHE_CONFLICT')) return exitCode.conflict
  if (isGoetheError(error) && unknownCodes.has(error.code)) return exitCode.outcomeUnknown
  if (isGoetheError(error) && notFoundCodes.has(error.code)) return exitCode.notFound
  if (isGoetheError(error, 'GOETHE_INVALID_ARGUMENT')) return exitCode.wrongUsage
  return error instanceof ArgumentError ? exitCode.wrongUsage : exitCode.failed
}

/** The message on one line, with nothing in it that could move the cursor, and the code. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const line = escapeControls(message.replaceAll(/\s*\n\s*/g, ' '))
  return isGoetheError(error) ? `${line} (${error.code})` : line
}

function linesOf(text: string): string[] {
  return text.split('\n').map(escapeControls)
}

const unknownCodes: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_DEADLINE',
  'GOETHE_OUTCOME_UNKNOWN',
])

const notFoundCodes: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_TOPIC_NOT_FOUND',
  'GOETHE_EVENT_NOT_FOUND',
])

function adviceFor(error: unknown): string | undefined {
  if (error instanceof Failure) return error.advice
  if (!isGoetheError(error)) return undefined
  const { reason } = (error.cause ?? {}) as Partial<ConnectFailure>
  return (reason && connectAdvices[reason]) ?? advices[error.code]
}

/** What to do where somebody is there, and no connection comes about all the same. */
const connectAdvices: Partial<Record<ConnectFailureReason, string>> = {
  certificate:
    'Name the certificate of its authority with --tls-ca FILE (GOETHE_TLS_CA); --tls alone trusts ' +
    'whom Node.js trusts',
  'client-certificate': 'Pass one with --tls-cert FILE and --tls-key FILE',
  'plain-text': 'Leave out --tls, --tls-ca and their variables GOETHE_TLS, GOETHE_TLS_CA',
  'not-grpc': 'Give --server the port of gRPC; `goethe serve` says which one it is',
  closed: 'Pass --tls or --tls-ca FILE; mind that gRPC and HTTP have ports of their own',
}

/** What to do next on the command line, where there is something. */
const advices: Partial<Record<GoetheErrorCode, string>> = {
  GOETHE_LOCKED:
    'If a server has it open, leave out --data and name the server: --server goethe://host:port',
  GOETHE_UNAVAILABLE: 'Name another server with --server, or work without one: --data DIRECTORY',
  GOETHE_UNAUTHENTICATED:
    'Pass a token that the server knows with --token, or as GOETHE_TOKEN; `goethe token` makes one',
  GOETHE_FORBIDDEN: 'The grants of the token are in the configuration of the server',
  GOETHE_TOPIC_NOT_FOUND: '`goethe topics` lists what there is',
  GOETHE_CORRUPT: '`goethe verify` finds all such places; `goethe restore` brings a backup back',
  GOETHE_IMPORT_INCOMPLETE: 'Run `goethe restore` with the same backup again: it goes on',
  GOETHE_NOT_EMPTY: 'Restore into a directory that is not there yet: --data NEW-DIRECTORY',
  GOETHE_FORMAT: 'A newer goethe has written it; `npm install --global @goethe/cli` updates',
  GOETHE_WRITE_FAILED: 'Make room or repair the disk; `goethe doctor` looks at both',
}
