/** What a server has to be told to know its callers. All of it is plain data. */
import type { Grant } from '../identity.js'

/** Empty lists and undefined all over: nobody has to say who they are. */
export interface AuthSettings {
  tokens: readonly TokenSettings[]
  jwt: JwtSettings | undefined
  certificates: readonly CertificateSettings[]
  /** What those may do who present nothing, where others have to. Default: nothing at all. */
  anonymous?: readonly Grant[] | undefined
}

/** A bearer token, known by its hash only: who reads the configuration cannot use it. */
export interface TokenSettings {
  /** For logs, metrics and rate limits. */
  name: string
  /** The SHA-256 of the token, 64 hexadecimal digits; `hashToken` gives it. */
  sha256: string
  grants: readonly Grant[]
}

/** Signatures that can be checked with a public key. A shared secret would have to be kept here. */
export const jwtAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

export type JwtAlgorithm = (typeof jwtAlgorithms)[number]

/** JSON Web Tokens of one issuer. */
export interface JwtSettings {
  /** Must be the token's `iss`. */
  issuer: string
  /** Must be in the token's `aud`. */
  audience: string
  /** Where the issuer's public keys are, as a JSON Web Key Set. */
  jwksUrl: string
  /** The claim that names the caller, such as `sub`. */
  nameClaim: string
  /** The claim that holds the grants, such as `goethe`: an array of `{ topics, rights }`. */
  grantsClaim: string
  /** What everybody may do whose token is valid, beside the claim. */
  grants: readonly Grant[]
  /** The signatures that are taken. */
  algorithms: readonly JwtAlgorithm[]
  /** How far clocks may differ. */
  clockToleranceMs: number
}

/** A client certificate that a trusted authority has signed. */
export interface CertificateSettings {
  /** The common name of the certificate's subject, or one of its DNS or URI names. */
  subject: string
  /** For logs, metrics and rate limits. Default: the subject. */
  name?: string | undefined
  grants: readonly Grant[]
}
