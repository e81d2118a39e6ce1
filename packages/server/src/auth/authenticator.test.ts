import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { type CryptoKey, SignJWT, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthConfig, jwtSchema } from '../config-auth.js'
import { everybody } from '../identity.js'
import type { ClientCertificate } from '../server-context.js'
import { type Authenticate, authenticator } from './authenticator.js'
import { hashToken, newToken } from './tokens.js'

const readAll = [{ topics: '*', rights: ['read' as const] }]
const nothing: AuthConfig = { tokens: [], jwt: undefined, certificates: [] }
const unauthenticated = (message: string) => ({ code: 'GOETHE_UNAUTHENTICATED', message })

function bearer(token: string) {
  return { authorization: `Bearer ${token}` }
}

function certificate(CN: string): ClientCertificate {
  return { subject: { CN } } as unknown as ClientCertificate
}

describe('without anything configured', () => {
  test('everybody is everybody, whatever they present', async () => {
    const identify = authenticator(nothing, manualClock())
    expect(await identify(bearer('x'), undefined)).toBe(everybody)
    expect(await identify({}, undefined)).toBe(everybody)
  })
})

describe('tokens and certificates', () => {
  const token = newToken()
  const identify = authenticator(
    {
      ...nothing,
      tokens: [{ name: 'me', sha256: hashToken(token), grants: readAll }],
      certificates: [{ subject: 'billing', grants: readAll }],
    },
    manualClock(),
  )

  test('a token says who calls, however Bearer is written', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
      const identity = await identify({ authorization: `${scheme} ${token}` }, undefined)
      expect(identity).toEqual({ name: 'token:me', grants: readAll })
    }
  })

  test.each([
    ['Bearer wrong', 'The token is not valid'],
    ['Bearer a.b.c', 'The token is not valid'],
    [`Basic ${token}`, "The header 'authorization' is 'Bearer', a space and one token"],
    [token, "The header 'authorization' is 'Bearer', a space and one token"],
    [`Bearer ${token}, Bearer x`, "The header 'authorization' is 'Bearer', a space and one token"],
    ['', "The header 'authorization' is 'Bearer', a space and one token"],
  ])('%j is refused', async (authorization, message) => {
    await expect(identify({ authorization }, undefined)).rejects.toMatchObject(
      unauthenticated(message),
    )
  })

  test('two headers are refused, also where one of them is right', async () => {
    const authorization = [`Bearer ${token}`, 'Bearer x']
    await expect(identify({ authorization }, undefined)).rejects.toMatchObject({
      code: 'GOETHE_UNAUTHENTICATED',
    })
  })

  test('who presents nothing learns what would be taken', async () => {
    await expect(identify({}, undefined)).rejects.toMatchObject(
      unauthenticated(
        "This server has to know who calls: present a token ('authorization: Bearer …') or " +
          'a client certificate',
      ),
    )
  })

  test('a certificate says who calls, but not where a wrong token is presented', async () => {
    expect(await identify({}, certificate('billing'))).toMatchObject({
      name: 'certificate:billing',
    })
    await expect(identify(bearer('x'), certificate('billing'))).rejects.toMatchObject({
      code: 'GOETHE_UNAUTHENTICATED',
    })
  })

  test('a certificate of nobody who is known is refused', async () => {
    await expect(identify({}, certificate('somebody'))).rejects.toMatchObject({
      code: 'GOETHE_UNAUTHENTICATED',
    })
  })
})

describe('JSON Web Tokens', () => {
  const issuer = 'https://issuer.test'
  const audience = 'goethe'
  const keySets = createServer((_request, response) => {
    asked++
    response.statusCode = keys.length === 0 ? 500 : 200
    response.end(JSON.stringify({ keys }))
  })
  let asked = 0
  let keys: unknown[] = []
  let privateKey: CryptoKey
  let publicKey: unknown
  let clock: ManualClock
  let identify: Authenticate

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    privateKey = pair.privateKey
    publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' }
    await new Promise<void>((resolve) => keySets.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => keySets.close())
  beforeEach(() => {
    asked = 0
    keys = [publicKey]
    clock = manualClock()
    identify = authenticator({ ...nothing, jwt: settings() }, clock)
  })

  function settings(changes: object = {}) {
    const { port } = keySets.address() as AddressInfo
    const jwksUrl = `http://127.0.0.1:${port}/`
    return jwtSchema.parse({ issuer, audience, jwksUrl, ...changes })
  }

  function token(
    claims: Record<string, unknown> = {},
    key: CryptoKey | Uint8Array = privateKey,
    alg = 'ES256',
  ): Promise<string> {
    const exp = Number(clock.now() / 1_000_000_000n) + 60
    return new SignJWT({ iss: issuer, aud: audience, sub: 'me', exp, ...claims })
      .setProtectedHeader({ alg, kid: 'one' })
      .sign(key)
  }

  test('name the caller and what it may do', async () => {
    const goethe = [{ topics: 'orders-*', rights: ['read', 'consume'] }]
    expect(await identify(bearer(await token({ goethe })), undefined)).toEqual({
      name: 'jwt:me',
      grants: goethe,
    })
  })

  test('may take name and grants from other claims, beside what all may do', async () => {
    const jwt = settings({ nameClaim: 'email', grantsClaim: 'https://x/g', grants: readAll })
    const other = authenticator({ ...nothing, jwt }, clock)
    const grants = [{ topics: 'a', rights: ['append'] }]
    const claims = { email: 'me@x.test', 'https://x/g': grants }
    expect(await other(bearer(await token(claims)), undefined)).toEqual({
      name: 'jwt:me@x.test',
      grants: [...readAll, ...grants],
    })
  })

  test('are not those who are called the same by a token or a certificate', async () => {
    const secret = newToken()
    const all = authenticator(
      {
        tokens: [{ name: 'me', sha256: hashToken(secret), grants: readAll }],
        jwt: settings(),
        certificates: [{ subject: 'sensor-1', name: 'me', grants: readAll }],
      },
      clock,
    )
    expect([
      await all(bearer(secret), undefined),
      await all(bearer(await token()), undefined),
      await all({}, certificate('sensor-1')),
    ]).toEqual([
      { name: 'token:me', grants: readAll },
      { name: 'jwt:me', grants: [] },
      { name: 'certificate:me', grants: readAll },
    ])
  })

  test.each([
    ['from another issuer', { iss: 'https://other.test' }, `The token is not from ${issuer}`],
    ['for somebody else', { aud: 'other' }, `The token is not for ${audience}`],
    ['without an end', { exp: undefined }, "The token's claim 'exp' is missing or wrong"],
    ['of nobody', { sub: undefined }, "The token's claim 'sub' names nobody"],
    ['with a name over two lines', { sub: 'a\nb' }, "The token's claim 'sub' names nobody"],
    [
      'with a right that there is not',
      { goethe: [{ topics: '*', rights: ['everything'] }] },
      "The token's claim 'goethe' is not an array of { topics, rights }",
    ],
  ])('one %s is refused', async (_title, claims, message) => {
    await expect(identify(bearer(await token(claims)), undefined)).rejects.toMatchObject(
      unauthenticated(message),
    )
  })

  test('one signed by somebody else is refused', async () => {
    const stranger = await generateKeyPair('ES256')
    const forged = await token({}, stranger.privateKey)
    await expect(identify(bearer(forged), undefined)).rejects.toMatchObject(
      unauthenticated('The token is not valid'),
    )
  })

  test('one that is not signed, or with a shared secret, is refused', async () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: issuer, aud: audience, sub: 'me', exp: 9_999_999_999 }
    for (const forged of [
      `${encode({ alg: 'none' })}.${encode(claims)}.`,
      `${encode({ alg: 'none' })}.${encode(claims)}.x`,
      await token({}, new Uint8Array(32), 'HS256'),
    ]) {
      await expect(identify(bearer(forged), undefined)).rejects.toMatchObject(
        unauthenticated('The token is not valid'),
      )
    }
    expect(asked).toBe(0)
  })

  test('are good until they expire, by the clock of the server', async () => {
    const mine = await token()
    await identify(bearer(mine), undefined)
    // What clocks may differ is granted.
    clock.advance(64_000)
    await identify(bearer(mine), undefined)
    clock.advance(1_000)
    await expect(identify(bearer(mine), undefined)).rejects.toMatchObject(
      unauthenticated('The token has expired'),
    )
  })

  test('are not good before their time', async () => {
    const nbf = Number(clock.now() / 1_000_000_000n) + 30
    const mine = await token({ nbf })
    await expect(identify(bearer(mine), undefined)).rejects.toMatchObject(
      unauthenticated('The token is not valid yet'),
    )
    clock.advance(30_000)
    await expect(identify(bearer(mine), undefined)).resolves.toMatchObject({ name: 'jwt:me' })
  })

  test('are checked once: the same one gives the same identity', async () => {
    const mine = await token()
    const first = await identify(bearer(mine), undefined)
    expect(await identify(bearer(mine), undefined)).toBe(first)
    expect(asked).toBe(1)
  })

  test('cannot be checked while the issuer has no keys to give', async () => {
    keys = []
    const mine = await token()
    await expect(identify(bearer(mine), undefined)).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: 'The keys of the issuer of tokens cannot be had at the moment; try again',
    })
    keys = [publicKey]
    await expect(identify(bearer(mine), undefined)).resolves.toMatchObject({ name: 'jwt:me' })
  })

  test('cannot be checked while the issuer cannot be reached', async () => {
    const jwt = settings({ jwksUrl: 'http://127.0.0.1:1/' })
    const other = authenticator({ ...nothing, jwt }, clock)
    await expect(other(bearer(await token()), undefined)).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
    })
  })

  test('signed by keys that nobody knows make the server ask the issuer once', async () => {
    await identify(bearer(await token()), undefined)
    const stranger = await generateKeyPair('ES256')
    for (let count = 0; count < 5; count++) {
      const made = new SignJWT({ count }).setProtectedHeader({ alg: 'ES256', kid: `${count}` })
      const forged = await made.sign(stranger.privateKey)
      await expect(identify(bearer(forged), undefined)).rejects.toMatchObject(
        unauthenticated('The token is not valid'),
      )
    }
    expect(asked).toBe(1)
  })
})
