/**
 * In whose name a peer speaks. The handshake says who is at the other end of a connection: the member
 * by its certificate, where members have some that name them, and everything by the word of one who
 * has the shared secret or a certificate of the authority. A message says it once more, as it is
 * what the replica goes by, so both have to be the same.
 */
import { GoetheError } from '@goethe/core'
import type { Sender } from '../replica/messages.js'
import type { PeerIdentity } from './peer-transport.js'

const parts = [
  ['member', 'member'],
  ['storeId', 'store'],
  ['incarnation', 'process'],
] as const

/** Throws GOETHE_UNAUTHENTICATED where a peer speaks for another member, store or process. */
export function checkSpeaker(peer: PeerIdentity, said: Partial<Sender>): void {
  for (const [part, name] of parts) {
    const [proven, claimed] = [peer[part], said[part]]
    if (claimed === undefined || claimed === proven) continue
    throw new GoetheError(
      'GOETHE_UNAUTHENTICATED',
      `Member ${peer.member} sent something in the name of ${name} ${JSON.stringify(claimed)}; when ` +
        `it connected it was ${name} ${JSON.stringify(proven)}: members speak for themselves alone`,
    )
  }
}
