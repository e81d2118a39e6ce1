import { createHash, randomBytes } from 'node:crypto'

/** 256 bits: nobody guesses it, so that a fast hash of it is safe to keep. */
const tokenBytes = 32

/** A new token, in characters that need no quotes anywhere. */
export function newToken(): string {
  return randomBytes(tokenBytes).toString('base64url')
}

/** What a server knows of a token. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
