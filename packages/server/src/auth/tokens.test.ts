import { describe, expect, test } from 'vitest'
import { Tokens, hashToken, newToken } from './tokens.js'

describe('tokens', () => {
  test('are random, marked as ours, and need no quotes', () => {
    const [one, other] = [newToken(), newToken()]
    expect(one).toMatch(/^goethe_[A-Za-z0-9_-]{43}$/)
    expect(other).not.toBe(one)
  })

  test('are known by their SHA-256', () => {
    expect(hashToken('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  test('name whose they are, in capital digits too', () => {
    const [mine, yours] = [newToken(), newToken()]
    const grants = [{ topics: '*', rights: ['read' as const] }]
    const tokens = new Tokens([
      { name: 'me', sha256: hashToken(mine), grants },
      { name: 'you', sha256: hashToken(yours).toUpperCase(), grants },
    ])
    expect(tokens.find(mine)).toEqual({ name: 'token:me', grants })
    expect(tokens.find(yours)).toEqual({ name: 'token:you', grants })
    expect(tokens.find(`${mine} `)).toBeUndefined()
    expect(tokens.find('')).toBeUndefined()
    // The hash is no token.
    expect(tokens.find(hashToken(mine))).toBeUndefined()
  })
})
