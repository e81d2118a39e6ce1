import { ArgumentError } from './errors.js'
import { nameBytesMax } from './limits.js'

declare class TextEncoder {
  encode(text: string): Uint8Array
}

const encoder = new TextEncoder()

// Control characters of ASCII and Latin-1, the separator, and lone surrogates (no UTF-8 for them).
const forbidden =
  /[\u0000-\u001f\u007f-\u009f:]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** What a name names; only for messages. */
type NameKind = 'topic' | 'consumer' | 'producer id'

/**
 * The UTF-8 bytes of a topic's, consumer's or producer's name: 1 to 255 bytes without ':' and
 * control characters. Throws ArgumentError that says what is wrong with any other.
 */
export function nameBytes(kind: NameKind, name: unknown): Uint8Array {
  if (typeof name !== 'string') {
    throw new ArgumentError(`A ${kind} is a string; got ${describeValue(name)}`)
  }
  if (name === '') throw new ArgumentError(`A ${kind} has at least one character; got ''`)
  if (name.length <= nameBytesMax * 4 && forbidden.test(name)) {
    throw new ArgumentError(
      `A ${kind} holds no ':', control characters or lone surrogates; got ${JSON.stringify(name)}`,
    )
  }
  if (kind === 'topic' && name === '*') {
    throw new ArgumentError("No topic is called '*': that names all topics")
  }
  const bytes = encoder.encode(name)
  if (bytes.length > nameBytesMax) {
    throw new ArgumentError(
      `A ${kind} has at most ${nameBytesMax} bytes of UTF-8; got ${bytes.length} ` +
        `(${JSON.stringify(name.slice(0, 40))}…)`,
    )
  }
  return bytes
}

/** A value in a few words, for messages about wrong arguments. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return `${String(value)} (${typeof value})`
}
