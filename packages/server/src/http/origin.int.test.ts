import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type TestServer, startTestServer } from '../../tests-support/test-server.js'

const origin = 'https://app.example.com'

describe('web pages', () => {
  test('none may append to a server that did not allow its origin', async () => {
    await using server = await startTestServer()
    const answer = await server.send('POST', '/v1/topics/a/events', 'x', { origin })
    expect(answer).toMatchObject({ status: 403, json: { code: 'GOETHE_FORBIDDEN' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect((await server.get('/v1/topics')).json['topics']).toEqual([])
  })

  test('those of an allowed origin may, after asking', async () => {
    await using server = await startTestServer({ flags: { httpAllowedOrigins: origin } })
    const preflight = await server.send('OPTIONS', '/v1/topics/a/events', undefined, {
      origin,
      'access-control-request-method': 'POST',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    const answer = await server.send('POST', '/v1/topics/a/events', 'x', { origin })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect((await server.get('/v1/topics', { origin: 'https://other.example.com' })).status).toBe(
      403,
    )
  })

  test('errors reach those of an allowed origin, too', async () => {
    await using server = await startTestServer({ flags: { httpAllowedOrigins: '*' } })
    const { status, headers } = await server.get('/v1/topics/none', { origin })
    expect([status, headers.get('access-control-allow-origin')]).toEqual([404, '*'])
  })

  test('a name that somebody points to this machine is not its name', async () => {
    await using server = await startTestServer()
    expect(await statusWithHost(server, 'attacker.example.com')).toBe(403)
    expect(await statusWithHost(server, 'localhost:1338')).toBe(200)
    expect(await statusWithHost(server, '[::1]:1338')).toBe(200)
  })
})

function statusWithHost({ url }: TestServer, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/topics`, { headers: { host } }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode!)
      })
    })
    sent.on('error', reject).end()
  })
}
