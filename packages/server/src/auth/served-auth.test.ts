import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { defaultConfig } from '../config.js'
import { createLogger } from '../log-writer.js'
import { ServedAuth } from './served-auth.js'
import { hashToken, newToken } from './tokens.js'

const [one, other] = [newToken(), newToken()]
const grants = [{ topics: '*', rights: ['read'] }]

function known(token: string, flags: Record<string, unknown> = {}) {
  const authTokens = [{ name: 'me', sha256: hashToken(token), grants }]
  return defaultConfig({ authTokens, ...flags })
}

function served() {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>)
  const logger = createLogger({ level: 'info', format: 'json' }, { write })
  const auth = new ServedAuth({ config: known(one), clock: manualClock(), logger })
  const isKnown = async (token: string): Promise<boolean> => {
    const headers = { authorization: `Bearer ${token}` }
    return auth.identify(headers, undefined).then(
      () => true,
      () => false,
    )
  }
  return { auth, lines, isKnown }
}

test('callers are those of the configuration that was taken over last', async () => {
  const { auth, isKnown } = served()
  expect([await isKnown(one), await isKnown(other)]).toEqual([true, false])
  auth.reload(known(other))
  expect([await isKnown(one), await isKnown(other)]).toEqual([false, true])
})

test('what would let in everybody, or does not fit how the server was started, is refused', async () => {
  const { auth, isKnown } = served()
  const certificates = [{ subject: 'sensor', grants }]
  // It has no TLS, whatever the other configuration says.
  const tls = { tlsCert: 'a.pem', tlsKey: 'b.pem', tlsClientCa: 'c.pem' }
  for (const [config, problem] of [
    [defaultConfig(), /everybody could do everything/],
    [known(other, { ...tls, authCertificates: certificates }), /without tls.clientCa/],
  ] as const) {
    expect(() => {
      auth.reload(config)
    }).toThrow(problem)
    expect([await isKnown(one), await isKnown(other)]).toEqual([true, false])
  }
})

test('of other settings it is told that they wait for the next start', () => {
  const { auth, lines } = served()
  auth.reload(known(other))
  expect(lines.map(({ level }) => level)).toEqual(['info'])
  auth.reload(known(other, { grpcPort: 4000, legacy: false }))
  expect(lines.at(-1)).toMatchObject({ level: 'warn', settings: ['grpc.port', 'legacy'] })
})
