/** What must fit together in a configuration whose single values are right. */
import { clusterProblems } from './cluster-check.js'
import type { Config } from './config.js'
import { isAuthRequired } from './config-auth.js'
import { formatBytes } from './config-value.js'
import { isLoopback } from './loopback.js'

/** A sentence for each thing that does not fit. */
export function configProblems(config: Config): string[] {
  return [
    ...tlsProblems(config),
    ...exposureProblems(config),
    ...portProblems(config),
    ...sizeProblems(config),
    ...clusterProblems(config),
  ]
}

function tlsProblems({ tls, auth }: Config): string[] {
  const problems: string[] = []
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    problems.push(`tls.${there} is set without tls.${missing}: TLS needs both`)
  }
  if (tls.clientCa !== undefined && tls.cert === undefined) {
    problems.push('tls.clientCa is set without tls.cert and tls.key: only TLS has certificates')
  }
  if (tls.requireClientCert && tls.clientCa === undefined) {
    problems.push('tls.requireClientCert is set without tls.clientCa: nothing could be checked')
  }
  if (auth.certificates.length > 0 && tls.clientCa === undefined) {
    problems.push('auth.certificates is set without tls.clientCa: nothing could be checked')
  }
  return problems
}

function exposureProblems(config: Config): string[] {
  if (config.insecure) return []
  const open = (['grpc', 'http'] as const).filter((name) => !isLoopback(config[name].host))
  if (open.length === 0) return []
  const missing = [
    ...(config.tls.cert === undefined ? ['without TLS (tls.cert and tls.key)'] : []),
    ...(isAuthRequired(config.auth)
      ? []
      : ['without authentication (auth.tokens, auth.jwt or auth.certificates)']),
  ]
  if (missing.length === 0) return []
  const hosts = open.map((name) => `${name}.host ${config[name].host}`).join(' and ')
  return [
    `${hosts} can be reached from other machines, ${missing.join(' and ')}: whoever reaches ` +
      'it could read the events or write some. Set what is missing, listen on 127.0.0.1, or say ' +
      'insecure: true where something in front of the server sees to it',
  ]
}

function portProblems({ grpc, http }: Config): string[] {
  if (grpc.port === 0 || grpc.port !== http.port || grpc.host !== http.host) return []
  return [`grpc.port and http.port are both ${grpc.port}: each needs its own`]
}

/** What frames an event in a message: its topic, positions, tags. */
const framingBytes = 1024

function sizeProblems({ eventBytesMax, limits }: Config): string[] {
  const problems: string[] = []
  const { messageBytesMax, inFlightBytes, inFlightBytesPerConnection } = limits
  if (eventBytesMax + framingBytes > messageBytesMax) {
    problems.push(
      `eventBytesMax is ${formatBytes(eventBytesMax)}, but no event larger than ` +
        `limits.messageBytesMax (${formatBytes(messageBytesMax)}) less 1 KiB could arrive`,
    )
  }
  for (const [name, limit] of [
    ['inFlightBytesPerConnection', inFlightBytesPerConnection],
    ['inFlightBytes', inFlightBytes],
  ] as const) {
    if (limit >= messageBytesMax) continue
    problems.push(
      `limits.${name} is ${formatBytes(limit)}, which is less than one message of ` +
        `limits.messageBytesMax (${formatBytes(messageBytesMax)})`,
    )
  }
  return problems
}
