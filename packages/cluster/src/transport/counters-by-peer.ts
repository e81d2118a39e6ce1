/** The counters of each peer there ever was. */
import type { PeerCounters } from './peer-transport.js'

export class CountersByPeer {
  readonly all = new Map<string, PeerCounters>()

  of(member: string): PeerCounters {
    let counters = this.all.get(member)
    if (counters === undefined) {
      counters = {
        messagesSent: 0,
        bytesSent: 0,
        messagesReceived: 0,
        bytesReceived: 0,
        messagesDropped: 0,
        connects: 0,
        failures: 0,
      }
      this.all.set(member, counters)
    }
    return counters
  }
}
