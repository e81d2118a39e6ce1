import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig, valueOf } from './config.js'
import { ConfigError } from './config-error.js'
import { printConfig } from './config-print.js'
import { settings } from './config-settings.js'
import type { ConfigSources } from './config-sources.js'
import { expectationOf } from './config-value.js'

const grants = [{ topics: '*', rights: ['read'] }]
const token = { name: 'till', sha256: 'a'.repeat(64), grants }
const file = (text: string) => ({ path: 'goethe.yaml', text })

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    readConfig(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('readConfig', () => {
  test('what nothing was said about has its default', () => {
    const config = readConfig()
    for (const { key, default: fallback } of settings()) {
      expect([key, valueOf(config, key)]).toEqual([key, fallback])
    }
    expect(config.grpc).toEqual({ host: '127.0.0.1', port: 1337 })
    expect(config.limits.messageBytesMax).toBe(64 * 1024 * 1024)
  })

  test('flags win over the environment, and that over the file', () => {
    const text = 'grpc: { port: 1, host: localhost }\nhttp: { port: 3 }'
    const env = { GOETHE_GRPC_PORT: '11', GOETHE_HTTP_PORT: '12', PATH: '/bin' }
    const config = readConfig({ file: file(text), env, flags: { 'grpc-port': '21' } })
    expect([config.grpc, config.http.port]).toEqual([{ host: 'localhost', port: 21 }, 12])
  })

  test('a flag is known by its name, its key, and as option parsers spell it', () => {
    for (const name of ['grpc-port', '--grpc-port', 'grpc.port', 'grpcPort']) {
      expect(readConfig({ flags: { [name]: '7' } }).grpc.port).toBe(7)
    }
  })

  test('a file is YAML or JSON, and may be empty', () => {
    const json = JSON.stringify({ legacy: false, auth: { tokens: [token] } })
    expect(readConfig({ file: file(json) })).toMatchObject({
      legacy: false,
      auth: { tokens: [token] },
    })
    expect(readConfig({ file: file('# nothing yet\ngrpc:\n') })).toEqual(readConfig())
  })

  test('sizes and times may have units', () => {
    const config = readConfig({
      file: file('eventBytesMax: 1 MiB\nkeepalive: { timeMs: 20s }'),
      flags: { 'disk-reserve-bytes': '1.5GiB', 'shutdown-deadline-ms': 0 },
    })
    expect(config).toMatchObject({
      eventBytesMax: 1024 * 1024,
      keepalive: { timeMs: 20_000 },
      disk: { reserveBytes: 1.5 * 1024 ** 3 },
      shutdown: { deadlineMs: 0 },
    })
  })

  test('what Kubernetes says about a service called goethe is no setting', () => {
    const env = {
      GOETHE_SERVICE_HOST: '10.0.0.1',
      GOETHE_SERVICE_PORT_GRPC: '1337',
      GOETHE_PORT: 'tcp://10.0.0.1:1337',
      GOETHE_PORT_1337_TCP_ADDR: '10.0.0.1',
      GOETHE_HTTP_PORT: 'tcp://10.0.0.1:1338',
    }
    expect(readConfig({ env }).http.port).toBe(1338)
  })

  test('variables of others are left to them', () => {
    expect(readConfig({ env: { GOETHE_TOKEN: 'x' }, otherEnv: ['GOETHE_TOKEN'] })).toBeDefined()
    expect(readConfig({ env: { GOETHE_TEST_SEED: '1' } })).toBeDefined()
  })

  test.each<[string, ConfigSources, string]>([
    [
      'an unknown key of the file',
      { file: file('grpc:\n  prot: 1') },
      "There is no setting 'grpc.prot' in goethe.yaml:2; did you mean 'grpc.port'?",
    ],
    [
      'an unknown flag',
      { flags: { 'grpc-prot': 1 } },
      'There is no flag --grpc-prot; did you mean --grpc-port?',
    ],
    [
      'an unknown variable',
      { env: { GOETHE_GRPC_PROT: '1' } },
      'There is no variable GOETHE_GRPC_PROT; did you mean GOETHE_GRPC_PORT?',
    ],
    [
      'what is like nothing that is known',
      { flags: { zookeeper: 1 } },
      'There is no flag --zookeeper',
    ],
    [
      'a wrong flag',
      { flags: { 'grpc-port': 'abc' } },
      "--grpc-port is 'abc', but should be a port from 1 to 65535, or 0 for any free one",
    ],
    [
      'a wrong variable',
      { env: { GOETHE_DURABILITY: 'disk' } },
      "GOETHE_DURABILITY is 'disk', but should be one of fsync, os",
    ],
    [
      'a wrong value in the file',
      { file: file('legacy: maybe') },
      "'legacy' in goethe.yaml:1 is 'maybe', but should be true or false",
    ],
    [
      'a size without sense',
      { flags: { 'event-bytes-max': '2 TiB' } },
      "--event-bytes-max is '2 TiB', but should be a number of bytes from 1 to 1 GiB, such as 65536 or '64 MiB'",
    ],
    [
      'a time without sense',
      { flags: { 'disk-check-interval-ms': '1ms' } },
      "--disk-check-interval-ms is '1ms', but should be a time from 10ms to 1h, in milliseconds or such as '500ms', '10s' or '5m'",
    ],
    [
      'a value where others lie',
      { file: file('grpc: 1337') },
      "'grpc' in goethe.yaml:1 is no value: it holds grpc.host, grpc.port",
    ],
    [
      'a file of another kind',
      { file: file('- a') },
      'goethe.yaml holds no settings: it is an object such as { grpc: { port: 1337 } }',
    ],
    [
      'an unknown key of a token',
      { flags: { 'auth-tokens': JSON.stringify([{ ...token, right: [] }]) } },
      "--auth-tokens at [0] has an unknown key 'right' (there are name, sha256, grants)",
    ],
    [
      'a token itself instead of its hash',
      { file: file(JSON.stringify({ auth: { tokens: [{ ...token, sha256: 'secret' }] } })) },
      "'auth.tokens' in goethe.yaml:1 at [0].sha256 is the SHA-256 of the token, 64 hexadecimal digits",
    ],
    [
      'a certificate without its key',
      { flags: { 'tls-cert': 'a.pem' } },
      'tls.cert is set without tls.key: TLS needs both',
    ],
    [
      'a client certificate that nothing checks',
      { flags: { 'tls-require-client-cert': true } },
      'tls.requireClientCert is set without tls.clientCa: nothing could be checked',
    ],
    [
      'two services on one port',
      { flags: { 'http-port': 1337 } },
      'grpc.port and http.port are both 1337: each needs its own',
    ],
    [
      'events that no message could hold',
      { flags: { 'event-bytes-max': '64 MiB' } },
      'eventBytesMax is 64 MiB, but no event larger than limits.messageBytesMax (64 MiB) less 1 KiB could arrive',
    ],
  ])('%s is answered with a sentence', (_, sources, sentence) => {
    expect(problemsOf(sources)).toEqual([sentence])
  })

  test('a file that is no YAML says so', () => {
    expect(problemsOf({ file: file('a: [') })[0]).toContain('goethe.yaml is neither YAML nor JSON')
  })

  test('everything that is wrong is told at once', () => {
    expect(problemsOf({ flags: { 'grpc-port': -1, insecure: 'x', nothing: 1 } })).toHaveLength(3)
  })
})

describe('a server that others can reach', () => {
  const reached = { 'grpc-host': '0.0.0.0' }
  const tls = { 'tls-cert': 'a', 'tls-key': 'b' }
  const auth = { 'auth-tokens': [token] }

  test('is refused without TLS and authentication', () => {
    const [problem] = problemsOf({ flags: reached })
    expect(problem).toContain('grpc.host 0.0.0.0 can be reached from other machines')
    expect(problem).toContain('without TLS')
    expect(problem).toContain('without authentication')
    expect(problemsOf({ flags: { ...reached, ...tls } })).toHaveLength(1)
    expect(problemsOf({ flags: { ...reached, ...auth } })).toHaveLength(1)
  })

  test('is fine with both, or when it is said to be insecure', () => {
    expect(problemsOf({ flags: { ...reached, ...tls, ...auth } })).toEqual([])
    expect(problemsOf({ flags: { ...reached, insecure: true } })).toEqual([])
  })

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s is not one', (host) => {
    expect(problemsOf({ flags: { 'grpc-host': host, 'http-host': host } })).toEqual([])
  })
})

describe('printConfig', () => {
  test('what it prints is the same configuration', () => {
    const config = readConfig({
      flags: {
        'disk-reserve-bytes': 1000,
        'http-allowed-origins': 'https://a.example',
        legacy: false,
      },
      file: file('tls: { cert: "a: #b.pem", key: k }'),
    })
    expect(readConfig({ file: file(printConfig(config)) })).toEqual(config)
  })

  test('it explains each setting and shows no secret', () => {
    const text = printConfig(readConfig({ flags: { 'auth-tokens': [token] } }))
    expect(text).not.toContain(token.sha256)
    expect(parse(text)).toMatchObject({
      auth: { tokens: [{ name: 'till', sha256: '(not shown)' }] },
    })
    const plain = text.replaceAll(/\n\s*# /g, ' ')
    for (const { description } of settings()) expect(plain).toContain(description)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })
})

describe('settings', () => {
  test('each has names of its own, a description and an expectation', () => {
    const all = settings()
    for (const name of ['key', 'flag', 'env'] as const) {
      expect(new Set(all.map((setting) => setting[name])).size).toBe(all.length)
    }
    for (const { kind, description } of all) {
      expect(description).toMatch(/^[A-Z].*\.$/)
      expect(expectationOf(kind)).not.toBe('')
    }
  })

  test('they are spelled as flags and variables are', () => {
    const names = settings().map(({ key, flag, env }) => [key, flag, env])
    expect(names).toContainEqual([
      'keepalive.handshakeTimeoutMs',
      '--keepalive-handshake-timeout-ms',
      'GOETHE_KEEPALIVE_HANDSHAKE_TIMEOUT_MS',
    ])
  })
})
