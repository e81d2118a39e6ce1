import { InvalidArgumentError } from 'commander'

/** How payloads are shown. */
export const payloadForms = ['auto', 'text', 'json', 'hex', 'base64', 'raw'] as const
export type PayloadForm = (typeof payloadForms)[number]

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientDecoder = new TextDecoder('utf-8', { ignoreBOM: true })
const bytesShown = 16

/** A value of --payload. */
export function parsePayloadForm(text: string): PayloadForm {
  const form = payloadForms.find((known) => known === text)
  if (form !== undefined) return form
  throw new InvalidArgumentError(`It should be one of ${payloadForms.join(', ')}.`)
}

/** The payload as UTF-8 text, or undefined when it is none. */
export function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload)
  } catch {
    return undefined
  }
}

/** The payload for people; in no form can it do harm to a terminal. */
export function showPayload(payload: Uint8Array, form: PayloadForm = 'auto'): string {
  switch (form) {
    case 'auto':
    case 'raw':
      return showBriefly(payload)
    case 'text':
      return escapeControls(lenientDecoder.decode(payload))
    case 'json': {
      const value = jsonOf(payload)
      if (value === undefined) return showBriefly(payload)
      return JSON.stringify(value, null, 2).split('\n').map(escapeControls).join('\n')
    }
    case 'hex':
    case 'base64':
      return Buffer.from(payload).toString(form)
  }
}

/** The payload as fields of a JSON object for programs. */
export function payloadFields(
  payload: Uint8Array,
  form: PayloadForm,
): { payload: unknown } | { payloadHex: string } | { payloadBase64: string } {
  if (form === 'hex') return { payloadHex: Buffer.from(payload).toString('hex') }
  const text = form === 'base64' ? undefined : textOf(payload)
  if (text !== undefined) {
    const value = form === 'json' ? jsonOf(payload) : undefined
    return { payload: value === undefined ? text : value }
  }
  if (form === 'text') return { payload: lenientDecoder.decode(payload) }
  return { payloadBase64: Buffer.from(payload).toString('base64') }
}

/** Nothing in a name or a text can move the cursor, change colours or turn text around. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (control) => (control === '\t' ? control : (escapes.get(control) ?? hexadecimal(control))),
  )
}

function showBriefly(payload: Uint8Array): string {
  const text = textOf(payload)
  if (text !== undefined && !text.includes('\0')) return escapeControls(text)
  const start = Buffer.from(payload.subarray(0, bytesShown)).toString('hex')
  return `<${payload.length} bytes: ${start}${payload.length > bytesShown ? '…' : ''}>`
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload))
  } catch {
    return undefined
  }
}

const escapes = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
])

function hexadecimal(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
}
