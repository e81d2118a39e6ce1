/** Two members, and what is between them. */
import { TcpProxy } from '../../client/tests-support/tcp-proxy.js'
import { TestPeer } from './peers.js'

export interface PeerPair extends AsyncDisposable {
  readonly a: TestPeer
  readonly b: TestPeer
  /** On the way from a to b. */
  readonly proxy: TcpProxy
}

/** Resolves once a is connected to b. */
export async function peerPair(
  options: Parameters<typeof TestPeer.start>[1] = {},
): Promise<PeerPair> {
  const a = await TestPeer.start('a', options)
  const b = await TestPeer.start('b', options)
  const proxy = await TcpProxy.start(b.port)
  a.connect({ b: proxy.port })
  await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
  return {
    a,
    b,
    proxy,
    async [Symbol.asyncDispose]() {
      await Promise.all([a.transport.close(), b.transport.close()])
      await proxy.stop()
    },
  }
}
