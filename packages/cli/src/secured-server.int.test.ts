import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestAuthority } from '../../server/tests-support/certificates.js'
import { type TestServer, startTestServer } from '../../server/tests-support/test-server.js'
import { runGoethe } from '../tests-support/run-goethe.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

describe('a server with TLS and tokens', () => {
  let authority: TestAuthority
  let stranger: TestAuthority
  let server: TestServer
  let address: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    const folder = await temporaryFolder()
    ;({ remove } = folder)
    authority = await TestAuthority.create(folder.folder)
    stranger = await TestAuthority.create(folder.folder, 'stranger')
    const own = await authority.sign('server')
    const all = [{ topics: '*', rights: ['read', 'append', 'consume', 'admin'] }]
    const few = [{ topics: 'orders', rights: ['append'] }]
    server = await startTestServer({
      flags: {
        tlsCert: own.certFile,
        tlsKey: own.keyFile,
        authTokens: JSON.stringify([
          { name: 'keeper', sha256: sha256('keeper-token'), grants: all },
          { name: 'till', sha256: sha256('till-token'), grants: few },
        ]),
      },
    })
    address = `goethe://127.0.0.1:${server.server.addresses.grpc.port}`
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await remove()
  })

  test('is worked with by options', async () => {
    const options = ['--server', address, '--token', 'keeper-token', '--tls-ca', authority.certFile]
    const run = async (...args: string[]) => runGoethe([...args, ...options])
    const appended = await run('append', 'plays', 'Faust', 'Egmont')
    expect(appended).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(appended.stdout)).toMatchObject({ topic: 'plays', count: 2 })
    expect(await run('read', 'plays', '--payloads')).toEqual({
      code: 0,
      stdout: 'Faust\nEgmont\n',
      stderr: '',
    })
    expect((await run('topics', '--names')).stdout.split('\n')).toContain('plays')
    expect(await run('doctor', '--text')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The connection is encrypted.') as string,
    })
  })

  test('is worked with by the environment', async () => {
    expect(await goethe('append', 'letters', 'to Schiller')).toMatchObject({ code: 0, stderr: '' })
    expect(await goethe('consume', 'letters', '-c', 'x', '--limit', '1')).toMatchObject({ code: 0 })
  })

  test.each([
    [['append', 'orders', 'x']],
    [['read', 'orders']],
    [['read', 'orders', '--follow']],
    [['consume', 'orders', '-c', 'x']],
    [['topics']],
    [['verify']],
    [['export']],
  ])('refuses %j with a token that it does not know', async (args) => {
    const { code, stdout, stderr } = await goethe(...args, '--token', 'wrong')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(`goethe: The token is not valid (GOETHE_UNAUTHENTICATED)
        Pass a token that the server knows with --token, or as GOETHE_TOKEN; \`goethe token\` makes one
`)
  })

  test('asks for a token where there is none', async () => {
    const { code, stderr } = await goethe({ GOETHE_TOKEN: '' }, 'topics')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^goethe: .*present a token.* \(GOETHE_UNAUTHENTICATED\)$/m)
    expect(stderr).toContain('--token, or as GOETHE_TOKEN')
  })

  test('says which right is missing', async () => {
    expect(await goethe('append', 'orders', 'x', '--token', 'till-token')).toMatchObject({
      code: 0,
    })
    const { code, stderr } = await goethe('read', 'orders', '--token', 'till-token')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^goethe: .*no right to read 'orders' \(GOETHE_FORBIDDEN\)$/m)
  })

  test.each([
    [['append', 'orders', 'x']],
    [['read', 'orders']],
    [['consume', 'orders', '-c', 'x']],
  ])('is not trusted by %j that trusts another authority', async (args) => {
    const { code, stderr } = await goethe(...args, '--tls-ca', stranger.certFile)
    expect(code).toBe(1)
    expect(stderr).toContain(`goethe: The certificate of the server at ${address} is not trusted`)
    expect(stderr).toContain('Name the certificate of its authority with --tls-ca FILE')
    expect(stderr).not.toContain('goethe serve')
  })

  test('is not trusted as long as nobody said who has signed it', async () => {
    const { code, stderr } = await goethe({ GOETHE_TLS_CA: '', GOETHE_TLS: '1' }, 'topics')
    expect(code).toBe(1)
    expect(stderr).toContain('is not trusted')
  })

  test('is not reached in plain text', async () => {
    const { code, stderr } = await goethe({ GOETHE_TLS_CA: '' }, 'topics')
    expect(code).toBe(1)
    expect(stderr).toContain(`goethe: What answers at ${address} takes no connection in plain text`)
    expect(stderr).toContain('Pass --tls or --tls-ca FILE')
    expect(stderr).not.toContain('goethe serve')
  })

  test('a file that is not there is named', async () => {
    expect(await goethe('topics', '--tls-ca', '/nowhere/ca.pem')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'goethe: There is no file /nowhere/ca.pem\n',
    })
  })

  test.each([
    [['--tls-ca', new URL(import.meta.url).pathname], "'tls.ca' is a text in PEM"],
    [['--token', 'two words'], "'token' has characters that no token has"],
    [['--tls-cert', 'BESIDE'], "'tls.cert' and 'tls.key' go together"],
  ])('%j is wrong usage', async (args, message) => {
    const known = args.map((arg) => (arg === 'BESIDE' ? authority.certFile : arg))
    const { code, stderr } = await goethe('topics', ...known)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  /** With what is needed in the environment; options, and other variables in front, count more. */
  async function goethe(...args: (string | Record<string, string>)[]) {
    const [first] = args
    const environment = {
      GOETHE_SERVER: address,
      GOETHE_TOKEN: 'keeper-token',
      GOETHE_TLS_CA: authority.certFile,
      ...(typeof first === 'object' && first),
    }
    return runGoethe(
      args.filter((argument) => typeof argument === 'string'),
      { environment },
    )
  }
})

function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
