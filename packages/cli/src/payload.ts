const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const bytesShown = 16

/** The payload as UTF-8 text, or undefined when it is none. */
export function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload)
  } catch {
    return undefined
  }
}

/**
 * A payload as a line that does no harm to a terminal: text with its control characters escaped, or
 * the beginning of the bytes.
 */
export function showPayload(payload: Uint8Array): string {
  const text = textOf(payload)
  if (text !== undefined && !text.includes('\0')) return escapeControls(text)
  const start = Buffer.from(payload.subarray(0, bytesShown)).toString('hex')
  return `<${payload.length} bytes: ${start}${payload.length > bytesShown ? '…' : ''}>`
}

/** Nothing in a name or a text can move the cursor or change colours. */
export function escapeControls(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (control) =>
    control === '\t' ? control : (escapes.get(control) ?? hexadecimal(control)),
  )
}

const escapes = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
])

function hexadecimal(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
}
