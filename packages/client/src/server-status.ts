import type { Durability } from '@goethe/core'
import { durabilityFromMessage, type messages } from '@goethe/protocol'

/** How a server is. */
export interface ServerStatus {
  /** Identifies the log for good. */
  logId: string
  /** The version of the server. */
  version: string
  /** The last id of the log; 0n for an empty one. */
  lastId: bigint
  durability: Durability
  indexIntervalMs: number
  writable: boolean
  /** Why it is not writable, as a sentence; empty while it is. */
  reason: string
  /** The server's clock, UNIX nanoseconds. */
  now: bigint
  /** Largest payload, in bytes. */
  eventBytesMax: number
  /** Largest message, in bytes. */
  messageBytesMax: number
}

export function statusFromMessage(message: messages.StatusResponse): ServerStatus {
  const { logId, version, lastId, durability, indexIntervalMs, writable, reason, now } = message
  return {
    logId,
    version,
    lastId,
    durability: durabilityFromMessage(durability),
    indexIntervalMs: Number(indexIntervalMs),
    writable,
    reason,
    now,
    eventBytesMax: Number(message.eventBytesMax),
    messageBytesMax: Number(message.messageBytesMax),
  }
}
