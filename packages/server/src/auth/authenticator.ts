/**
 * Who calls: by bearer token, JSON Web Token or client certificate, as the configuration says. A
 * token that is presented decides, also where there is a certificate: whoever presents a wrong one
 * has made a mistake, which another identity would only hide.
 */
import { type Clock, GoetheError } from '@goethe/core'
import { type AuthConfig, isAuthRequired } from '../config-auth.js'
import { type Identity, everybody } from '../identity.js'
import type { CallHeaders, ClientCertificate } from '../server-context.js'
import { Certificates } from './certificates.js'
import { JwtVerifier } from './jwt.js'
import { Tokens } from './tokens.js'

/** Finds out who calls by what is presented. Rejects with GOETHE_UNAUTHENTICATED. */
export type Authenticate = (
  headers: CallHeaders,
  certificate: ClientCertificate | undefined,
) => Promise<Identity>

/** Where nothing is configured, everybody may do everything. */
export function authenticator(auth: AuthConfig, clock: Clock): Authenticate {
  if (!isAuthRequired(auth)) return () => Promise.resolve(everybody)
  const certificates = new Certificates(auth.certificates)
  const identifyToken = tokenIdentifier(auth, clock)
  return async ({ authorization }, certificate) => {
    if (authorization !== undefined) return identifyToken(bearerOf(authorization))
    if (certificate === undefined) throw refused(whatToPresent(auth))
    return identifyCertificate(certificates, certificate)
  }
}

function tokenIdentifier(auth: AuthConfig, clock: Clock): (token: string) => Promise<Identity> {
  const tokens = new Tokens(auth.tokens)
  const jwt = auth.jwt === undefined ? undefined : new JwtVerifier(auth.jwt, clock)
  return async (token) => {
    const identity = tokens.find(token)
    if (identity !== undefined) return identity
    if (jwt !== undefined && looksLikeJwt(token)) return jwt.identify(token)
    throw refused('The token is not valid')
  }
}

function identifyCertificate(certificates: Certificates, certificate: ClientCertificate): Identity {
  const identity = certificates.find(certificate)
  if (identity !== undefined) return identity
  throw refused('The client certificate is of nobody who is known here (auth.certificates)')
}

function bearerOf(authorization: string | readonly string[]): string {
  // More than one would be a way to show one to a proxy and another one to us.
  const text = typeof authorization === 'string' ? authorization : ''
  const [, token] = /^bearer +([^\s,]+) *$/i.exec(text) ?? []
  if (token !== undefined) return token
  throw refused("The header 'authorization' is 'Bearer', a space and one token")
}

function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)
}

function whatToPresent({ tokens, jwt, certificates }: AuthConfig): string {
  const ways = [
    ...(tokens.length > 0 || jwt !== undefined ? ["a token ('authorization: Bearer …')"] : []),
    ...(certificates.length > 0 ? ['a client certificate'] : []),
  ]
  return `This server has to know who calls: present ${ways.join(' or ')}`
}

function refused(message: string): GoetheError {
  return new GoetheError('GOETHE_UNAUTHENTICATED', message)
}
