import type { LogEvent } from '@goethe/core'
import type { Colors } from './output.js'
import { type PayloadForm, escapeControls, payloadFields, showPayload } from './payload.js'

/** An event as programs get it. `export` writes the same, and `import` takes it. */
export function eventFields(event: LogEvent, form: PayloadForm): object {
  const { topic, id, sequence, time, payload } = event
  return { topic, id, sequence, time: time.toISOString(), ...payloadFields(payload, form) }
}

/** An event on a line for people. */
export function eventLine(
  event: LogEvent,
  { form, withTopic, colors }: { form: PayloadForm; withTopic: boolean; colors: Colors },
): string {
  const topic = withTopic ? `${colors.cyan(escapeControls(event.topic))} ` : ''
  const place = `${colors.dim(event.time.toISOString())} ${topic}${colors.dim(`#${event.sequence}`)}`
  return `${place} ${showPayload(event.payload, form)}`
}
