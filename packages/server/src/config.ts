/**
 * How a server is told what to do: by flags, by GOETHE_* in the environment, by a file, in this
 * order; for the rest there are defaults. All of it is checked before anything starts.
 */
import type { Interval } from '@goethe/core'
import type { AuthConfig } from './config-auth.js'
import { configProblems } from './config-check.js'
import { ConfigError } from './config-error.js'
import { settings } from './config-settings.js'
import { type ConfigSources, rawValues } from './config-sources.js'
import { parseValue } from './config-value.js'

/** What a server is told; `settings()` says what each of them means. */
export interface Config {
  data: string
  durability: 'fsync' | 'os'
  index: { interval: Interval | undefined }
  eventBytesMax: number
  queueBytesMax: number
  grpc: { host: string; port: number }
  http: { host: string; port: number; allowedOrigins: string[]; publicMetrics: boolean }
  insecure: boolean
  tls: {
    cert: string | undefined
    key: string | undefined
    clientCa: string | undefined
    requireClientCert: boolean
  }
  auth: AuthConfig
  limits: {
    messageBytesMax: number
    streamsPerConnection: number
    connectionsMax: number
    inFlightBytesPerConnection: number
    inFlightBytes: number
    tailsPerTopic: number
    requestsPerSecond: number
    failedAttemptsPerMinute: number
  }
  keepalive: { timeMs: number; timeoutMs: number; idleMs: number; handshakeTimeoutMs: number }
  disk: { reserveBytes: number; checkIntervalMs: number }
  shutdown: { deadlineMs: number }
  log: { level: LogLevel; format: 'json' | 'text' }
  legacy: boolean
  cluster: {
    mode: 'none' | 'kubernetes' | 'etcd' | 'static'
    leader: string | undefined
    member: string | undefined
    address: string | undefined
    url: string | undefined
    forward: boolean
    peerHost: string
    peerPort: number
    minInSync: number
    peers: string[]
    dns: string | undefined
    secretFile: string | undefined
    tlsCa: string | undefined
    tlsCert: string | undefined
    tlsKey: string | undefined
    electionTimeoutMs: number
    replicaTimeoutMs: number
    journalEntries: number
    journalBytes: number
    etcdEndpoints: string[]
    etcdKey: string
    etcdCa: string | undefined
    etcdCert: string | undefined
    etcdCertKey: string | undefined
    etcdUser: string | undefined
    etcdPasswordFile: string | undefined
    lease: string
    service: string
    kubeconfig: string | undefined
  }
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/**
 * Puts a configuration together. Throws ConfigError, which names everything that is wrong, where
 * that was said, and what would be right.
 */
export function readConfig(sources: ConfigSources = {}): Config {
  const { values, problems } = rawValues(sources)
  const config: Record<string, unknown> = {}
  for (const setting of settings()) {
    const raw = values.get(setting.key)
    if (raw === undefined) {
      place(config, setting.key, structuredClone(setting.default))
      continue
    }
    const parsed = parseValue(setting.kind, raw.value)
    if ('value' in parsed) place(config, setting.key, parsed.value)
    else for (const problem of parsed.problems) problems.push(`${raw.source} ${problem}`)
  }
  // What belongs together can be judged only where each of it is right.
  if (problems.length === 0) problems.push(...configProblems(config as unknown as Config))
  if (problems.length > 0) throw new ConfigError(problems)
  return config as unknown as Config
}

/** The configuration of a server that nothing was said to, and what a test changes in it. */
export function defaultConfig(changes: ConfigSources['flags'] = {}): Config {
  return readConfig({ flags: changes })
}

/** The value of a setting by its key. */
export function valueOf(config: Config, key: string): unknown {
  return key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], config)
}

function place(config: Record<string, unknown>, key: string, value: unknown): void {
  const parts = key.split('.')
  const last = parts.pop()!
  const parent = parts.reduce((at, part) => {
    return (at[part] ??= {}) as Record<string, unknown>
  }, config)
  parent[last] = value
}
