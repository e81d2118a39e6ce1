/**
 * Assertions that need nothing but the language, so that the suite runs in any runtime and under
 * any test framework. Deep equality knows what logs hand out: bigint, Date, Uint8Array.
 */
import { ArgumentError } from '../src/errors.js'

/** Throws with this message unless the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Deep equality; `what` names the value in the message. Properties that are undefined count as absent. */
export function assertEqual(actual: unknown, expected: unknown, what = 'the value'): void {
  const path = difference(actual, expected, '')
  if (path === undefined) return
  const at = path === '' ? '' : ` (they differ at ${path})`
  throw new Error(`${what} is ${show(actual)} and should be ${show(expected)}${at}`)
}

/** Asserts that the work rejects, or throws, with an error of this code; resolves with it. */
export async function assertRejects(
  code: string,
  work: Promise<unknown> | (() => unknown),
): Promise<CodedError> {
  const outcome = await outcomeOf(work)
  if (!('error' in outcome)) {
    throw new Error(`it should reject with ${code}, but resolved with ${show(outcome.value)}`)
  }
  const { error } = outcome
  if ((error as CodedError | undefined)?.code === code) return error as CodedError
  throw new Error(`it should reject with ${code}, but did with ${showError(error)}`, {
    cause: error,
  })
}

/** Of its own class, and for those who know only the language a TypeError. */
function isArgumentError(error: unknown): boolean {
  return error instanceof ArgumentError && error instanceof TypeError
}

/** Asserts that the call throws ArgumentError at once, not as a rejection. */
export function assertThrowsArgumentError(call: () => unknown): void {
  let value: unknown
  try {
    value = call()
  } catch (error) {
    if (isArgumentError(error)) return
    throw new Error(`it should throw ArgumentError, but threw ${showError(error)}`, {
      cause: error,
    })
  }
  // A rejection that nobody awaits would hide the message below.
  void Promise.resolve(value).catch(() => undefined)
  throw new Error(`it should throw ArgumentError at once, but returned ${show(value)}`)
}

/** Asserts that wrong arguments are refused with ArgumentError, thrown or as a rejection. */
export async function assertArgumentError(call: () => unknown): Promise<void> {
  const outcome = await outcomeOf(call)
  if ('error' in outcome && isArgumentError(outcome.error)) return
  const what =
    'error' in outcome ? showError(outcome.error) : `resolved with ${show(outcome.value)}`
  throw new Error(`it should be refused with ArgumentError, but: ${what}`)
}

/** What errors of a log have, whichever copy of the package they come from. */
export interface CodedError extends Error {
  code: string
  details: { lastId?: bigint; lastSequence?: number; expectedSequence?: number; topic?: string }
}

async function outcomeOf(
  work: Promise<unknown> | (() => unknown),
): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await (typeof work === 'function' ? work() : work) }
  } catch (error) {
    return { error }
  }
}

/** Where two values differ, '' for the whole of them; undefined where they do not. */
function difference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined
  if (!isObject(actual) || !isObject(expected)) return path
  if (actual instanceof Date || expected instanceof Date) {
    const same = actual instanceof Date && expected instanceof Date && +actual === +expected
    return same ? undefined : path
  }
  if (actual instanceof Uint8Array || expected instanceof Uint8Array) {
    const both = actual instanceof Uint8Array && expected instanceof Uint8Array
    return both && sameBytes(actual, expected) ? undefined : path
  }
  if (Array.isArray(actual) !== Array.isArray(expected)) return path
  if (Array.isArray(actual) && actual.length !== (expected as unknown[]).length) {
    return `${path}.length`
  }
  for (const key of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const found = difference(property(actual, key), property(expected, key), `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** True when two byte arrays hold the same bytes. */
export function sameBytes(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, at) => byte === second[at])
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function property(value: object, key: string): unknown {
  return (value as Record<string, unknown>)[key]
}

const shownLength = 400

function show(value: unknown): string {
  const text = shown(value, 0)
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
}

function shown(value: unknown, depth: number): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Date) return Number.isNaN(+value) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Uint8Array)
    return `${value.length} bytes [${value.subarray(0, 16).join(' ')}]`
  if (value instanceof Error) return showError(value)
  if (!isObject(value)) return String(value)
  if (depth > 3) return '…'
  if (Array.isArray(value)) {
    return `[${value.map((element) => shown(element, depth + 1)).join(', ')}]`
  }
  const fields = Object.entries(value).map(([key, field]) => `${key}: ${shown(field, depth + 1)}`)
  return `{ ${fields.join(', ')} }`
}

function showError(error: unknown): string {
  if (!(error instanceof Error)) return show(error)
  const { code } = error as { code?: unknown }
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}: ${error.message}`
}
