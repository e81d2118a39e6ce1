import type { GoetheError } from '@goethe/core'

/** What a client emits. A type, not an interface: typed-emitter asks for an index signature. */
export type ClientEventMap = {
  /** The first connection is there. */
  connect: (server: { address: string }) => void
  /** The connection was lost, or the server has ended it; calls wait for the next one. */
  disconnect: (lost: { address: string; error: GoetheError }) => void
  /** There is a connection again, to the same server or to another one of those given. */
  reconnect: (server: { address: string }) => void
  close: () => void
}
