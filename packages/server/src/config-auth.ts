/** Who may do what, as the configuration says it. What it means is decided where callers are identified. */
import { z } from 'zod'
import { isLoopback } from './loopback.js'

const name = z.string().min(1).max(255)

const right = z.enum(['read', 'append', 'consume', 'admin'])

const grant = z.strictObject({
  /** A topic, or a prefix that ends with `*`. */
  topics: z.string().min(1),
  rights: z.array(right).min(1),
})

/** Who has none is known, and sees the status and the metrics. */
const grants = z.array(grant)

/** A token is known by its hash only: who reads the configuration cannot use it. */
const token = z.strictObject({
  name,
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'is the SHA-256 of the token, 64 hexadecimal digits'),
  grants,
})

const keySetUrl = z.string().refine(isSafeKeySetUrl, {
  error: 'is an https:// address, or an http:// address of this machine',
})

const jwt = z.strictObject({
  /** Must be the token's `iss`. */
  issuer: z.string().min(1),
  /** Must be in the token's `aud`. */
  audience: z.string().min(1),
  /** Where the issuer's public keys are, as a JSON Web Key Set. */
  jwksUrl: keySetUrl,
  /** The claim that names the caller. */
  nameClaim: z.string().min(1).default('sub'),
  /** The claim that holds the grants: an array such as `auth.tokens[].grants`. */
  grantsClaim: z.string().min(1).default('goethe'),
  /** What everybody may do whose token is valid, beside the claim. */
  grants: z.array(grant).default([]),
  /** Signatures that are taken; none by a shared secret. */
  algorithms: z
    .array(
      z.enum([
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
      ]),
    )
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  /** How far clocks may differ. */
  clockToleranceMs: z.int().min(0).max(300_000).default(5_000),
})

const certificate = z.strictObject({
  /** The common name of the certificate's subject, or one of its DNS or URI names. */
  subject: name,
  /** The name in logs and metrics. Default: the subject. */
  name: name.optional(),
  grants,
})

export const tokensSchema = z.array(token)
export const jwtSchema = jwt
export const certificatesSchema = z.array(certificate)

export type TokenConfig = z.infer<typeof token>
export type JwtConfig = z.infer<typeof jwt>
export type CertificateConfig = z.infer<typeof certificate>

/** Empty and undefined where nobody has to say who they are. */
export interface AuthConfig {
  tokens: TokenConfig[]
  jwt: JwtConfig | undefined
  certificates: CertificateConfig[]
}

/** True where a caller has to say who it is. */
export function isAuthRequired({ tokens, jwt, certificates }: AuthConfig): boolean {
  return tokens.length > 0 || jwt !== undefined || certificates.length > 0
}

/** Keys that came over a plain connection could be anybody's. */
function isSafeKeySetUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}
