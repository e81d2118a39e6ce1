/** Callers who are known by the certificate of their connection. */
import type { CertificateConfig } from '../config-auth.js'
import { type Identity, callerName } from '../identity.js'
import type { ClientCertificate } from '../server-context.js'

/** Whose a certificate is. That its authority is trusted was seen to by TLS. */
export class Certificates {
  readonly #known: readonly { subject: string; identity: Identity }[]

  constructor(certificates: readonly CertificateConfig[]) {
    this.#known = certificates.map(({ subject, name = subject, grants }) => ({
      subject,
      identity: { name: callerName('certificate', name), grants },
    }))
  }

  /** The first that is configured, where the certificate has several names. */
  find(certificate: ClientCertificate): Identity | undefined {
    const names = namesOf(certificate)
    return this.#known.find(({ subject }) => names.has(subject))?.identity
  }
}

/** The common name, and the alternative names of DNS and URI. */
export function namesOf({
  subject,
  subjectaltname,
}: Pick<ClientCertificate, 'subject' | 'subjectaltname'>): Set<string> {
  // A subject may have several common names, which the types do not know.
  const common = (subject as { CN?: string | string[] } | undefined)?.CN ?? []
  return new Set([
    ...(typeof common === 'string' ? [common] : common),
    ...alternatives(subjectaltname),
  ])
}

/**
 * Takes `DNS:a, URI:"b, DNS:c"` apart. What holds a comma is in quotes, and must not pass for more
 * names than it is: whoever may choose one name in a certificate could choose any.
 */
function alternatives(text: string | undefined): string[] {
  if (text === undefined) return []
  const names: string[] = []
  const part = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/gy
  while (part.lastIndex < text.length) {
    const match = part.exec(text)
    // Not what it is known to look like: then no name in it is sure.
    if (match === null) return []
    const [, kind, value] = match as unknown as [string, string, string]
    if (kind !== 'DNS' && kind !== 'URI') continue
    names.push(value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return names
}
