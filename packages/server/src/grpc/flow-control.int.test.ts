import { connect } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { startGrpcTestServer } from '../../tests-support/grpc-test-server.js'

const mebibyte = 1024 * 1024

describe('flow control', () => {
  test('lets a caller send a mebibyte at once, from the first answer on', async () => {
    await using server = await startGrpcTestServer()
    const session = connect(`http://${server.address}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.end(Buffer.alloc(5))
    await new Promise<void>((resolve, reject) => {
      stream.once('response', () => {
        resolve()
      })
      stream.once('error', reject)
    })
    expect(session.remoteSettings.initialWindowSize).toBe(mebibyte)
    // But for the five bytes that were sent.
    expect(session.state.remoteWindowSize).toBeGreaterThan(mebibyte - 100)
    session.destroy()
  })
})
