/**
 * The first thing both ends of a connection say. Numbers are little-endian; a text is 2 bytes of
 * length and UTF-8.
 *
 *     4  'goep'
 *     1  version of the protocol: 1
 *     1  what the connection is for: 1 replica, 2 gossip, 3 fetch, 4 forward
 *     1  1 when the sender proves itself by a shared secret, else 0
 *     …  texts: the sender's member, store id, incarnation and cluster id (empty while it is
 *        unknown), and the member that the sender wants to talk to
 *    32  random bytes, never the same twice
 */
import type { GoetheError } from '@goethe/core'
import { ByteReader } from '../byte-reader.js'
import { ByteWriter } from '../byte-writer.js'
import { FrameError } from './frame.js'
import { PeerRefusal } from './peer-refusal.js'
import type { PeerChannel, PeerIdentity } from './peer-transport.js'

export type PeerPurpose = PeerChannel | 'fetch' | 'forward'

export interface Hello {
  readonly purpose: PeerPurpose
  readonly secret: boolean
  readonly from: PeerIdentity
  readonly to: string
  readonly nonce: Uint8Array
}

export const nonceBytes = 32

const magic = 0x70656f67
const version = 1
const purposes: readonly PeerPurpose[] = ['replica', 'gossip', 'fetch', 'forward']

export function encodeHello({ purpose, secret, from, to, nonce }: Hello): Buffer {
  const writer = new ByteWriter()
  writer.uint32(magic)
  writer.byte(version)
  writer.byte(purposes.indexOf(purpose) + 1)
  writer.byte(secret ? 1 : 0)
  writer.text(from.member)
  writer.text(from.storeId)
  writer.text(from.incarnation)
  writer.text(from.clusterId ?? '')
  writer.text(to)
  writer.bytes(nonce)
  return writer.finish()
}

/** Throws FrameError for bytes that are no hello, and PeerRefusal for one of another version. */
export function decodeHello(bytes: Uint8Array): Hello {
  return readFrame(bytes, 'a hello of a member', (reader) => {
    if (reader.uint32() !== magic) throw reader.corrupt('they begin otherwise')
    const found = reader.byte()
    if (found !== version) {
      throw new PeerRefusal(
        'version',
        `The other end speaks version ${found} of the protocol between members, this one version ` +
          `${version}: bring all members to one version of Goethe`,
      )
    }
    const purpose = purposes[reader.byte() - 1]
    if (purpose === undefined) throw reader.corrupt('their purpose is unknown')
    const secret = reader.byte() === 1
    const from = {
      member: reader.text(),
      storeId: reader.text(),
      incarnation: reader.text(),
      clusterId: reader.text() || undefined,
    }
    return { purpose, secret, from, to: reader.text(), nonce: reader.bytes(nonceBytes) }
  })
}

/** What is said once the cluster's id is known. */
export function encodeClusterId(clusterId: string): Buffer {
  const writer = new ByteWriter()
  writer.text(clusterId)
  return writer.finish()
}

/** Throws FrameError. */
export function decodeClusterId(bytes: Uint8Array): string {
  return readFrame(bytes, 'the id of a cluster', (reader) => reader.text())
}

/** Reads all of a body; what does not fit is a FrameError. */
export function readFrame<Value>(
  bytes: Uint8Array,
  what: string,
  read: (reader: ByteReader) => Value,
): Value {
  const reader = new ByteReader(bytes, what)
  try {
    const value = read(reader)
    reader.end()
    return value
  } catch (error) {
    if (error instanceof PeerRefusal) throw error
    throw new FrameError((error as GoetheError).message)
  }
}
