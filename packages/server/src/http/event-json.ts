/** Events and receipts as JSON. Ids are text, since a JSON number would lose their last digits. */
import { GoetheError, type LogEvent, type Receipt } from '@goethe/core'

/** How payloads are shown: as text where they are UTF-8, as JSON where they are that, as base64. */
export type PayloadFormat = 'text' | 'json' | 'base64'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * An event as JSON on one line. Its payload is in `payload` as text, in `payloadJson`, or, where it
 * is neither, in `payloadBase64`.
 */
export function eventJson(event: LogEvent, format: PayloadFormat): string {
  const { topic, id, sequence, time, payload } = event
  const head = JSON.stringify({ topic, id: String(id), sequence, time: time.toISOString() })
  return `${head.slice(0, -1)},${payloadField(payload, format)}}`
}

function payloadField(payload: Uint8Array, format: PayloadFormat): string {
  const text = format === 'base64' ? undefined : textOf(payload)
  if (text === undefined) return `"payloadBase64":"${base64(payload)}"`
  // As it was written: made anew from values, it would lose digits of its numbers.
  if (format === 'json' && isJson(text)) return `"payloadJson":${text.replaceAll(/[\r\n]+/g, ' ')}`
  return `"payload":${JSON.stringify(text)}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload)
  } catch {
    return undefined
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** An event to append, with exactly one of its fields. */
export interface EventInput {
  payload?: string
  payloadJson?: unknown
  payloadBase64?: string
}

const inputFields = ['payload', 'payloadJson', 'payloadBase64']

/** The bytes of an event to append; `place` says where it stands in the request. */
export function payloadOf(input: unknown, place: string): Uint8Array {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw wrong(place, 'is no object')
  }
  const names = Object.keys(input)
  const unknown = names.find((name) => !inputFields.includes(name))
  if (unknown !== undefined) throw wrong(place, `has an unknown field '${unknown.slice(0, 60)}'`)
  if (names.length !== 1) throw wrong(place, `has ${names.length} of these fields`)
  const { payload, payloadJson, payloadBase64 } = input as EventInput
  if (names[0] === 'payloadJson') return encoder.encode(JSON.stringify(payloadJson))
  if (names[0] === 'payload') {
    if (typeof payload !== 'string') throw wrong(place, 'has a payload that is no text')
    // Encoding would put other characters in their place.
    if (/\p{Surrogate}/u.test(payload)) throw wrong(place, 'has a payload with lone surrogates')
    return encoder.encode(payload)
  }
  if (typeof payloadBase64 !== 'string' || !isBase64(payloadBase64)) {
    throw wrong(place, 'has a payloadBase64 that is no base64 (RFC 4648, with padding)')
  }
  return Buffer.from(payloadBase64, 'base64')
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

function wrong(place: string, what: string): GoetheError {
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `${place} ${what}; an event is { "payload": "text" }, { "payloadJson": … } or ` +
      '{ "payloadBase64": "…" }',
  )
}

export function receiptJson(receipt: Receipt): Record<string, unknown> {
  return { ...receipt, firstId: String(receipt.firstId), lastId: String(receipt.lastId) }
}

/** `JSON.stringify` for what holds ids and times. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    return typeof inner === 'bigint' ? String(inner) : inner
  })
}
