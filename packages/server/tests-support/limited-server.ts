/** A server with a token for everything and one for `orders-*`, and with topics of both kinds. */
import { hashToken, newToken } from '../src/auth/tokens.js'
import type { Grant, Right } from '../src/identity.js'
import { type TestServer, type TestServerOptions, startTestServer } from './test-server.js'

export interface LimitedServer {
  readonly server: TestServer
  /** May do everything in `orders-*`, and knows nothing else. */
  readonly token: string
  readonly rootToken: string
}

const rights: Right[] = ['read', 'append', 'consume', 'admin']

export async function startLimitedServer({
  flags = {},
  ...options
}: TestServerOptions = {}): Promise<LimitedServer> {
  const [token, rootToken] = [newToken(), newToken()]
  const entry = (name: string, secret: string, topics: string) => {
    const grants: Grant[] = [{ topics, rights }]
    return { name, sha256: hashToken(secret), grants }
  }
  const authTokens = [entry('clerk', token, 'orders-*'), entry('root', rootToken, '*')]
  const server = await startTestServer({ flags: { authTokens, ...flags }, ...options })
  for (const topic of ['orders', 'orders-1', 'orders-2', 'secret']) {
    await server.server.log.append(topic, Buffer.from(`in ${topic}`))
    await server.server.log.cursor(topic, 'reader').seek('start')
  }
  return { server, token, rootToken }
}
