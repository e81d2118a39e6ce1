/** Why a connection between members is not to be. */
import { FrameError } from './frame.js'
import type { PeerProblemKind } from './peer-transport.js'

export class PeerRefusal extends Error {
  override readonly name = 'PeerRefusal'
  readonly kind: PeerProblemKind

  constructor(kind: PeerProblemKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** What an error that ended a connection means. */
export function problemKindOf(error: Error): PeerProblemKind {
  if (error instanceof PeerRefusal) return error.kind
  if (error instanceof FrameError) return 'hostile'
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && certificateCodes.test(code)) return 'unauthenticated'
  return 'unreachable'
}

/** Errors of TLS about who somebody is, or that the other side sent about that. */
const certificateCodes = /^ERR_(SSL|TLS)_|CERT|^SELF_SIGNED|^UNABLE_TO_/
