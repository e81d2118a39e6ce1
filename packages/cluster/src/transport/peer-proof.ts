/**
 * Proof of a shared secret: HMAC-SHA-256 over who proves, both hellos, and what names the TLS
 * connection where there is one. Each hello holds fresh random bytes, so that no proof is worth
 * anything on another connection; as the role is in it, none can be sent back to its maker; and
 * over TLS, whoever sits between two connections cannot pass it on.
 *
 * Without TLS this says who is there when the connection begins, not that nobody changes what
 * follows: where others can get between members, use TLS.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type PeerRole = 'dialer' | 'acceptor'

export const proofBytes = 32

export interface PeerTranscript {
  readonly dialerHello: Uint8Array
  readonly acceptorHello: Uint8Array
  /** Keying material that only the two ends of the TLS connection know; empty without TLS. */
  readonly binding: Uint8Array
}

export function proofOf(secret: string, role: PeerRole, transcript: PeerTranscript): Buffer {
  const mac = createHmac('sha256', secret)
  const label = `goethe peer ${role} 1`
  const length = Buffer.alloc(4)
  for (const part of [
    Buffer.from(label),
    transcript.dialerHello,
    transcript.acceptorHello,
    transcript.binding,
  ]) {
    length.writeUInt32LE(part.length)
    mac.update(length).update(part)
  }
  return mac.digest()
}

/** The secret that was proven, or undefined. */
export function provenSecret(
  secrets: readonly string[],
  role: PeerRole,
  transcript: PeerTranscript,
  proof: Uint8Array,
): string | undefined {
  if (proof.length !== proofBytes) return undefined
  return secrets.find((secret) => timingSafeEqual(proofOf(secret, role, transcript), proof))
}
