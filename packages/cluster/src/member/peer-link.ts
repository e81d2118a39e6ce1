import type { StoredEntry } from '../journal/stored-entry.js'
import type { AppendHeader, PeerMessage } from '../replica/messages.js'

/** The way to the other members. Messages may be lost: the replica copes. */
export interface PeerLink {
  send(to: string, message: PeerMessage): void
  /** Entries of this journal, as an append with this header. */
  sendEntries(
    to: string,
    envelope: Omit<PeerMessage, 'body'>,
    header: AppendHeader,
    entries: readonly StoredEntry[],
  ): void
}
