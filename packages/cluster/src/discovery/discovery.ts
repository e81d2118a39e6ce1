/** Where the members of a cluster are found. */
import type { AbortSignalLike } from '@goethe/core'

/** A place where a member runs, or is about to, or has just run. */
export interface Peer {
  /** Undefined where only addresses are known: a handshake tells. */
  readonly member: string | undefined
  /** `host:port` for other members. */
  readonly address: string
  /** It was told to stop, and still runs. */
  readonly isTerminating: boolean
}

/**
 * A source of peers, sorted by member and address, with those that are not ready among them and
 * ourselves too. What it says may be late or wrong: nothing rests on it but who is talked to.
 */
export interface Discovery {
  /** True where there may be others, who make themselves known: they are members as well. */
  readonly isPartial?: boolean

  /**
   * Those that there are as of now, asked for anew. Rejects with GOETHE_UNAVAILABLE when nobody
   * answers, GOETHE_FORBIDDEN when we may not know, GOETHE_ABORTED and GOETHE_CLOSED.
   */
  peers(signal?: AbortSignalLike): Promise<readonly Peer[]>

  /**
   * Calls with all of them as soon as they are known, and again whenever they are others. It goes on
   * through failures. Returns what ends it.
   */
  watch(onPeers: (peers: readonly Peer[]) => void): () => void

  /** Ends all watches and calls under way. */
  close(): Promise<void>
}
