/**
 * JSON Web Tokens of one issuer. Its public keys are fetched when a token names one that is not
 * known yet, but not more often than the cool-down allows: whoever makes up tokens makes this
 * server ask the issuer no more than that.
 */
import { type Clock, GoetheError } from '@goethe/core'
import { type JWTPayload, createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { type JwtConfig, jwtSchema } from '../config-auth.js'
import { type Identity, callerName } from '../identity.js'
import { BoundedCache } from './bounded-cache.js'
import { hashToken } from './tokens.js'

/** How long the issuer may take to answer. */
const keySetTimeoutMs = 5_000

/** The issuer is asked again for a key that it did not have only after so long. */
const keySetCooldownMs = 30_000

/** Verified tokens that are remembered. */
const verifiedMax = 10_000

/** A key that the issuer withdraws is good for no longer than this. */
const verifiedMsMax = 10 * 60_000

/** A signature costs more to check the longer the token is. */
const tokenLengthMax = 16 * 1024

/** Finds out whose a JSON Web Token is. */
export class JwtVerifier {
  readonly #config: JwtConfig
  readonly #clock: Clock
  readonly #keySet: ReturnType<typeof createRemoteJWKSet>
  readonly #verified = new BoundedCache<Identity>(verifiedMax)

  constructor(config: JwtConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
    this.#keySet = createRemoteJWKSet(new URL(config.jwksUrl), {
      timeoutDuration: keySetTimeoutMs,
      cooldownDuration: keySetCooldownMs,
      cacheMaxAge: verifiedMsMax,
    })
  }

  /**
   * Rejects with GOETHE_UNAUTHENTICATED for a token that is not valid now, and with
   * GOETHE_UNAVAILABLE where the issuer's keys cannot be had.
   */
  async identify(token: string): Promise<Identity> {
    const nowMs = Number(this.#clock.now() / 1_000_000n)
    // By its hash: what is in memory opens nothing either.
    const key = hashToken(token)
    const known = this.#verified.get(key, nowMs)
    if (known !== undefined) return known
    const payload = await this.#verify(token, nowMs)
    const identity = this.#identityOf(payload)
    const expiresAtMs = payload.exp! * 1000 + this.#config.clockToleranceMs
    this.#verified.set(key, identity, Math.min(expiresAtMs, nowMs + verifiedMsMax))
    return identity
  }

  async #verify(token: string, nowMs: number): Promise<JWTPayload> {
    if (token.length > tokenLengthMax) throw refused('The token is too long')
    const { issuer, audience, algorithms, clockToleranceMs } = this.#config
    try {
      const { payload } = await jwtVerify(token, this.#keySet, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceMs / 1000,
        currentDate: new Date(nowMs),
        // One that never expires could never be taken back.
        requiredClaims: ['exp'],
      })
      return payload
    } catch (error) {
      throw refusalOf(error, this.#config)
    }
  }

  #identityOf(payload: JWTPayload): Identity {
    const { nameClaim, grantsClaim, grants } = this.#config
    const claimedName = payload[nameClaim]
    if (typeof claimedName !== 'string' || !isName(claimedName)) {
      throw refused(`The token's claim '${nameClaim}' names nobody`)
    }
    const name = callerName('jwt', claimedName)
    if (!Object.hasOwn(payload, grantsClaim)) return { name, grants }
    const claimed = jwtSchema.shape.grants.safeParse(payload[grantsClaim])
    if (!claimed.success) {
      throw refused(`The token's claim '${grantsClaim}' is not an array of { topics, rights }`)
    }
    return { name, grants: [...grants, ...claimed.data] }
  }
}

/** Names are written to logs. */
function isName(name: string): boolean {
  return name.length > 0 && name.length <= 255 && !/[\u0000-\u001f\u007f-\u009f]/.test(name)
}

/** Says what a client can do something about, and nothing about keys. */
function refusalOf(error: unknown, { issuer, audience }: JwtConfig): GoetheError {
  if (error instanceof errors.JWTExpired) return refused('The token has expired', error)
  if (error instanceof errors.JWTClaimValidationFailed) {
    // Its signature is right: whoever shows it may know what it lacks.
    if (error.claim === 'iss') return refused(`The token is not from ${issuer}`, error)
    if (error.claim === 'aud') return refused(`The token is not for ${audience}`, error)
    if (error.claim === 'nbf') return refused('The token is not valid yet', error)
    return refused(`The token's claim '${error.claim}' is missing or wrong`, error)
  }
  return isAboutToken(error) ? refused('The token is not valid', error) : unavailable(error)
}

function isAboutToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
  // Of this class itself are answers of the issuer that are no keys.
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError
}

function refused(message: string, cause?: unknown): GoetheError {
  return new GoetheError('GOETHE_UNAUTHENTICATED', message, { cause })
}

function unavailable(cause: unknown): GoetheError {
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    'The keys of the issuer of tokens cannot be had at the moment; try again',
    { cause, details: { retryDelayMs: 1000 } },
  )
}
