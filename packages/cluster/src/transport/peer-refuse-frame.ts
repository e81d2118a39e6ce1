/** How one end tells the other why it closes the connection: a word and a sentence. */
import { ByteWriter } from '../byte-writer.js'
import { readFrame } from './hello.js'
import { PeerRefusal } from './peer-refusal.js'
import type { PeerProblemKind } from './peer-transport.js'

const kinds: readonly PeerProblemKind[] = [
  'unauthenticated',
  'wrong-cluster',
  'wrong-member',
  'name-taken',
  'version',
  'busy',
]

export function encodeRefusal({ kind, message }: PeerRefusal): Buffer {
  const writer = new ByteWriter()
  writer.text(kind)
  writer.text(message.slice(0, 300))
  return writer.finish()
}

/**
 * Throws FrameError. Only from one that proved who it is is it believed that the cluster is another,
 * since nothing is tried again after that.
 */
export function decodeRefusal(body: Uint8Array, proven: boolean): PeerRefusal {
  const [word, message] = readFrame(body, 'a refusal', (reader) => [reader.text(), reader.text()])
  const kind = kinds.find((known) => known === word) ?? 'unreachable'
  const believed = kind === 'wrong-cluster' && !proven ? 'unreachable' : kind
  return new PeerRefusal(believed, `it says: ${message}`)
}
