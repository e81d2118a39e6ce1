/**
 * JSON of which nothing is lost on the way in. JavaScript reads 1769860800000000001 as another
 * number, and bytes that are no UTF-8 as other characters, without a word: what would then be stored,
 * or taken for an id, is not what was sent. So both are refused.
 */
import { GoetheError } from '@goethe/core'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** `place` says which part of the request it is. Throws GOETHE_INVALID_ARGUMENT. */
export function parseExactJson(bytes: Uint8Array, place: string): unknown {
  let text: string
  let value: unknown
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(`${place} is no JSON: ${(cause as Error).message}`, cause)
  }
  const lost = lostNumber(text)
  if (lost === undefined) return value
  throw invalid(
    `${place} holds the number ${lost.slice(0, 60)}, of which digits would be lost; write it as text ` +
      'in quotes, as all ids are',
  )
}

/** Few texts have so many digits, or such an exponent: only those are looked through. */
const suspicious = /\d{16}|\de\+?\d{3}/i

const number = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy

/** The first number of a JSON text that is too large, or a whole one that is not exact. */
function lostNumber(text: string): string | undefined {
  if (!suspicious.test(text)) return undefined
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') {
      at = endOfString(text, at)
      continue
    }
    number.lastIndex = at
    const [digits] = number.exec(text) ?? []
    if (digits === undefined) continue
    if (isLost(digits)) return digits
    at += digits.length - 1
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
}

function isLost(digits: string): boolean {
  const value = Number(digits)
  if (!Number.isFinite(value)) return true
  return /^-?\d+$/.test(digits) && BigInt(value) !== BigInt(digits)
}

function invalid(message: string, cause?: unknown): GoetheError {
  return new GoetheError('GOETHE_INVALID_ARGUMENT', message, { cause })
}
