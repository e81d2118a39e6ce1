/** Bearer tokens: a server knows only their hashes, so that its configuration opens nothing. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { TokenConfig } from '../config-auth.js'
import { type Identity, callerName } from '../identity.js'

/** 256 random bits cannot be guessed, so that a hash need not be slow to keep them secret. */
const tokenBytes = 32

/** Lets scanners for secrets recognise a token that lies where it should not. */
const tokenPrefix = 'goethe_'

/** A new token, in characters that need no quotes anywhere. */
export function newToken(): string {
  return tokenPrefix + randomBytes(tokenBytes).toString('base64url')
}

/** What a server knows of a token: its SHA-256, 64 hexadecimal digits. */
export function hashToken(token: string): string {
  return sha256(token).toString('hex')
}

/** Whose a token is. */
export class Tokens {
  readonly #known: readonly { hash: Buffer; identity: Identity }[]

  constructor(tokens: readonly TokenConfig[]) {
    this.#known = tokens.map(({ name, sha256, grants }) => ({
      hash: Buffer.from(sha256, 'hex'),
      identity: { name: callerName('token', name), grants },
    }))
  }

  /** Takes as long whichever token it is, and whether it is one at all. */
  find(token: string): Identity | undefined {
    const hash = sha256(token)
    let found: Identity | undefined
    for (const { hash: known, identity } of this.#known) {
      const isSame = timingSafeEqual(hash, known)
      if (isSame) found ??= identity
    }
    return found
  }
}

function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
