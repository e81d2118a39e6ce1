/** TLS between members: both show a certificate of one authority, which names them. */
import { type TLSSocket, checkServerIdentity } from 'node:tls'

export interface PeerTlsFiles {
  /** PEM of the authority that signs the members' certificates; best one for nothing else. */
  readonly ca: string | Buffer
  /** PEM of this member's certificate, good for servers and for clients. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

/**
 * The DNS name that a member's certificate must have as a subject alternative name; false where
 * every certificate of the authority may be any member.
 */
export type NameInCertificate = ((member: string) => string) | false

/** What both sides of a connection are set to. */
export function tlsSettings({ ca, cert, key }: PeerTlsFiles) {
  return {
    ca,
    cert,
    key,
    minVersion: 'TLSv1.3' as const,
    requestCert: true,
    rejectUnauthorized: true,
    // The handshake above does this for both sides alike.
    checkServerIdentity: () => undefined,
  }
}

/** Undefined when the certificate at the other end names the member. */
export function certificateProblem(
  socket: TLSSocket,
  member: string,
  nameInCertificate: NameInCertificate,
): string | undefined {
  if (nameInCertificate === false) return undefined
  const name = nameInCertificate(member)
  const certificate = socket.getPeerCertificate()
  const names: string | undefined = certificate.subjectaltname
  if (names !== undefined && checkServerIdentity(name, certificate) === undefined) return undefined
  return (
    `The certificate of member ${member} does not name '${name}': its subject alternative names ` +
    `are ${names ?? 'none'}`
  )
}

/** What names this connection and no other. */
export function tlsBinding(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-goethe-peer', Buffer.alloc(0))
}
