import { describe, expect, test } from 'vitest'
import { defaultServer, placeOf } from './log-place.js'

describe('which log', () => {
  test('a directory or a server, as it is typed', () => {
    expect(placeOf({ data: 'here' }, {})).toEqual({ type: 'directory', directory: 'here' })
    expect(placeOf({ server: 'there' }, {})).toMatchObject({ type: 'server', address: 'there' })
  })

  test('what is typed counts more than the environment', () => {
    const environment = { GOETHE_DATA: 'other', GOETHE_SERVER: 'elsewhere' }
    expect(placeOf({ data: 'here' }, environment)).toMatchObject({ directory: 'here' })
    expect(placeOf({ server: 'there' }, environment)).toMatchObject({ address: 'there' })
  })

  test('the server of this machine, where nothing is said', () => {
    expect(placeOf({}, { GOETHE_DATA: '' })).toEqual({
      type: 'server',
      address: defaultServer,
      isDefault: true,
      token: undefined,
      tls: undefined,
    })
  })

  test('both at the same place are refused', () => {
    expect(() => placeOf({ data: 'a', server: 'b' }, {})).toThrow('--data and --server are given')
    expect(() => placeOf({}, { GOETHE_DATA: 'a', GOETHE_SERVER: 'b' })).toThrow('GOETHE_DATA and')
  })

  test('a certificate makes the connection encrypted, and so does --tls', () => {
    expect(placeOf({ tlsCa: 'ca.pem' }, {})).toMatchObject({ tls: { ca: 'ca.pem' } })
    expect(placeOf({ tls: true }, {})).toMatchObject({ tls: {} })
    expect(placeOf({}, { GOETHE_TLS: '1', GOETHE_TOKEN: 't' })).toMatchObject({
      tls: {},
      token: 't',
    })
  })
})
