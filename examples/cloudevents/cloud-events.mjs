// CloudEvents (https://cloudevents.io) in structured mode: the whole event as one JSON document. The
// log does not look into it: what goes in comes out, and any other program can read it.
import { HTTP } from 'cloudevents'

/** @import { LogEvent } from '@goethe/core' */
/** @import { CloudEvent } from 'cloudevents' */

const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
const encoder = new TextEncoder()

/**
 * A CloudEvent as the payload of an event.
 *
 * @template T
 * @param {CloudEvent<T>} event
 * @returns {Uint8Array}
 */
export function toPayload(event) {
  const { body } = HTTP.structured(event)
  return encoder.encode(String(body))
}

/**
 * The CloudEvent in an event. Throws where there is none.
 *
 * @param {LogEvent} event
 * @returns {CloudEvent<any>}
 */
export function fromEvent(event) {
  const found = /** @type {CloudEvent<any>} */ (HTTP.toEvent({ headers, body: event.text() }))
  found.validate()
  return found
}

/**
 * The topic of a CloudEvent: its type, since a source is a URI and may hold a ':', which no topic
 * may.
 *
 * @param {CloudEvent<any>} event
 */
export function topicOf(event) {
  return event.type
}
