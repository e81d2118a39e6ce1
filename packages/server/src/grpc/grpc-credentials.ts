/** TLS of gRPC, with a certificate that can change. */
import { ServerCredentials, experimental } from '@grpc/grpc-js'
import type { ServedTls } from '../served-tls.js'
import type { TlsFiles } from '../tls-files.js'

/** Plain text where there is no certificate. */
export function grpcCredentials(tls: ServedTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const provider = new CertificateSource(tls)
  const { clientCa, requireClientCert } = tls.files
  // With an authority, clients are asked for a certificate, which they may have to show or not.
  // grpc-js passes it on only where the authority has signed it.
  // The names of these parameters are the wrong way round in grpc-js; their types are right.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    clientCa === undefined ? null : provider,
    requireClientCert,
  )
}

type Provider = experimental.CertificateProvider
type AuthorityListener = experimental.CaCertificateUpdateListener
type IdentityListener = experimental.IdentityCertificateUpdateListener

/** Tells grpc-js which certificate there is, and each time that there is another one. */
class CertificateSource implements Provider {
  readonly #tls: ServedTls
  readonly #ends = new Map<AuthorityListener | IdentityListener, () => void>()

  constructor(tls: ServedTls) {
    this.#tls = tls
  }

  addCaCertificateListener(listener: AuthorityListener): void {
    this.#add(listener, ({ clientCa }) => {
      listener(clientCa === undefined ? null : { caCertificate: clientCa })
    })
  }

  removeCaCertificateListener(listener: AuthorityListener): void {
    this.#remove(listener)
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#add(listener, ({ cert, key }) => {
      listener({ certificate: cert, privateKey: key })
    })
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#remove(listener)
  }

  #add(listener: AuthorityListener | IdentityListener, tell: (files: TlsFiles) => void): void {
    this.#ends.set(listener, this.#tls.onChange(tell))
    // Whoever adds a listener is not ready to be told before it has returned.
    process.nextTick(() => {
      if (this.#ends.has(listener)) tell(this.#tls.files)
    })
  }

  #remove(listener: AuthorityListener | IdentityListener): void {
    this.#ends.get(listener)?.()
    this.#ends.delete(listener)
  }
}
