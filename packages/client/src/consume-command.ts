/** What a consumer says to its server in one message; it gathers until that is sent. */
import type { ConsumerOptions } from '@goethe/core'
import { type ConsumeCommand, create, messages, positionToMessage } from '@goethe/protocol'

export function emptyCommand(): ConsumeCommand {
  return { credit: 0, acks: [], nacks: [], extends: [], releases: [] }
}

/** True when there is nothing to say. */
export function isEmpty({
  credit,
  acks,
  nacks,
  extends: extensions,
  releases,
}: ConsumeCommand): boolean {
  return credit === 0 && acks.length + nacks.length + extensions.length + releases.length === 0
}

/** What opens an instance, or goes on with one. */
export function consumeOpen(
  instance: Pick<
    messages.ConsumeOpen,
    'topic' | 'consumer' | 'maxInFlight' | 'instance' | 'received'
  >,
  { from, ackTimeoutMs, maxAttempts, deadLetter }: ConsumerOptions,
): messages.ConsumeOpen {
  return create(messages.ConsumeOpenSchema, {
    ...instance,
    ...(from !== undefined && { from: positionToMessage(from) }),
    ...(ackTimeoutMs !== undefined && { ackTimeoutMs: BigInt(ackTimeoutMs) }),
    ...(maxAttempts !== undefined && { maxAttempts: BigInt(maxAttempts) }),
    ...(deadLetter !== undefined && { deadLetter }),
  })
}
