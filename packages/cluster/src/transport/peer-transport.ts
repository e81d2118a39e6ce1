/** What members need of the network between them. */
import type { AbortSignalLike } from '@goethe/core'

/** Who is at one end of a connection. */
export interface PeerIdentity {
  /** Undefined while the store has never belonged to a cluster. */
  readonly clusterId: string | undefined
  readonly member: string
  readonly storeId: string
  readonly incarnation: string
}

/** What a message is about. Each has a connection of its own, so that neither waits for the other. */
export type PeerChannel = 'replica' | 'gossip'

export const peerChannels: readonly PeerChannel[] = ['replica', 'gossip']

export type PeerMessageHandler = (
  from: PeerIdentity,
  channel: PeerChannel,
  bytes: Uint8Array,
) => void

/**
 * A message between replicas takes long, and more of it has come. `sends`: the peer is the one who
 * sends it, to this process; `receives`: the peer, to which this process sends it, has said so.
 */
export type PeerProgressHandler = (peer: PeerIdentity, does: 'sends' | 'receives') => void

/**
 * Answers a request for bulk data. The signal fires when nobody wants the answer any more. A
 * GoetheError reaches the one who asked with its code and message, any other as GOETHE_INTERNAL.
 * A piece is at most `messageBytesMax` long; some 256 KiB are right.
 */
export type FetchHandler = (
  from: PeerIdentity,
  request: Uint8Array,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>

/**
 * Carries out a request of another member, and gives the answer. The signal fires when nobody wants
 * the answer any more. A GoetheError reaches the one who asked with its code and message, any other
 * as GOETHE_INTERNAL.
 */
export type ForwardHandler = (
  from: PeerIdentity,
  request: Uint8Array,
  signal: AbortSignal,
) => Promise<Uint8Array>

/** Why two members do not talk to each other. */
export type PeerProblemKind =
  /** The address cannot be reached, or the connection to it was lost. Tried again by itself. */
  | 'unreachable'
  /** The secrets differ, the certificate does not name the member, or it speaks for another one. */
  | 'unauthenticated'
  /** The other belongs to another cluster. Not tried again until its address changes. */
  | 'wrong-cluster'
  /** Another member than the expected one answered at the address. */
  | 'wrong-member'
  /** Another process of the same member's name is connected there already. */
  | 'name-taken'
  /** The other speaks a version that is unknown here. */
  | 'version'
  /** Something was received that no member says. */
  | 'hostile'
  /** More connections at once than the limit allows. */
  | 'busy'

export interface PeerProblem {
  readonly kind: PeerProblemKind
  /** The member, where it is known. */
  readonly member: string | undefined
  /** `host:port` of the other end. */
  readonly address: string
  /** A sentence. */
  readonly message: string
}

/** Of one peer, since the start; they only grow. */
export interface PeerCounters {
  messagesSent: number
  bytesSent: number
  messagesReceived: number
  bytesReceived: number
  /** Messages that `send` did not take. */
  messagesDropped: number
  /** Connections to it that came about. */
  connects: number
  /** Attempts that failed, and connections that were lost. */
  failures: number
}

/** Connections from others, since the start; they only grow. */
export interface ListenCounters {
  accepted: number
  /** Closed for a reason other than that the other end went away. */
  refused: Record<PeerProblemKind, number>
}

export interface PeerTransport {
  /** Accepts connections; port 0 takes a free one. Resolves to the address listened on. */
  listen(address: { host: string; port: number }): Promise<{ host: string; port: number }>

  /** Says which cluster this store now belongs to. It cannot change after that. */
  setClusterId(clusterId: string): void

  /**
   * Whom to be connected to: `host:port` of each member, this one left out or not. May be called
   * again with others at any time; names are resolved at each attempt to connect.
   */
  peers(addresses: ReadonlyMap<string, string>): void

  /**
   * Sends a message made of these parts, which must not change any more. False when it was dropped:
   * there is no connection, or too much waits for it already. True is no promise that it arrives;
   * what arrives over one connection is in order and unchanged. Throws ArgumentError for a message
   * above `messageBytesMax`.
   */
  send(to: string, channel: PeerChannel, parts: readonly Uint8Array[]): boolean

  /** Whether `send` has a connection to write to. */
  connected(member: string, channel: PeerChannel): boolean

  /** Called when `send` can reach a member, after it could not. */
  onConnected(handler: (member: string, channel: PeerChannel) => void): void

  /**
   * Called with each message; its bytes stay as they are. GOETHE_CORRUPT, GOETHE_FORMAT or
   * GOETHE_UNAUTHENTICATED thrown by it closes the connection the message came by.
   */
  onMessage(handler: PeerMessageHandler): void

  /** Called some times a second while a message between replicas goes on coming, at both ends. */
  onProgress(handler: PeerProgressHandler): void

  /**
   * Asks a member for bulk data, on a connection of its own; ends when all has come. Read slowly,
   * it is sent slowly. Rejects with the code of the other side's error, GOETHE_UNAVAILABLE when the
   * connection cannot be made or is lost, GOETHE_ABORTED, GOETHE_CLOSED.
   */
  fetch(from: string, request: Uint8Array, signal?: AbortSignalLike): AsyncIterable<Uint8Array>

  onFetch(handler: FetchHandler): void

  /**
   * Asks a member to carry out a request, and gives its answer; many may be under way. Nothing
   * limits how long that takes but the signal, and that the member is lost. Rejects with the code of
   * the other side's error; where the request was not sent with GOETHE_UNAVAILABLE, GOETHE_LIMIT for
   * too much that waits to be sent, GOETHE_CLOSED; where it was, and no answer came, with
   * GOETHE_OUTCOME_UNKNOWN; and with GOETHE_ABORTED. Throws ArgumentError for a request above
   * `forwardBytesMax`.
   */
  forward(to: string, request: Uint8Array, signal?: AbortSignalLike): Promise<Uint8Array>

  /** The largest request that `forward` takes, in bytes. */
  readonly forwardBytesMax: number

  onForward(handler: ForwardHandler): void

  /** Why others refuse this process, where another one has its name. */
  readonly nameTaken: PeerProblem | undefined

  /** By member; those who were once peers stay in it. */
  peerCounters(): ReadonlyMap<string, Readonly<PeerCounters>>

  listenCounters(): Readonly<ListenCounters>

  /** Closes all connections and stops listening. May be called again. */
  close(): Promise<void>
}
