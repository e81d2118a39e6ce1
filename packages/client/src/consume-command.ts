/** What a consumer says to its server in one message; it gathers until that is sent. */
import type { ConsumeCommand } from '@goethe/protocol'

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
