/** Access as a kubeconfig describes it: with a token, or with a certificate of the client. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { GoetheError } from '@goethe/core'
import { parse } from 'yaml'
import type { ClusterAccess } from './cluster-access.js'

interface NamedCluster {
  server?: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
  'proxy-url'?: string
}

interface NamedUser {
  token?: string
  tokenFile?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  exec?: unknown
  'auth-provider'?: unknown
  username?: unknown
  as?: unknown
}

interface NamedContext {
  cluster?: string
  user?: string
  namespace?: string
}

interface Kubeconfig {
  'current-context'?: string
  contexts?: { name?: string; context?: NamedContext }[]
  clusters?: { name?: string; cluster?: NamedCluster }[]
  users?: { name?: string; user?: NamedUser }[]
}

/**
 * Reads the file; `contextName` is by default its current context. Rejects with GOETHE_UNAVAILABLE
 * that says what is missing, or what is asked for and not supported here.
 */
export async function kubeconfigAccess(path: string, contextName?: string): Promise<ClusterAccess> {
  const refuse = (problem: string, cause?: unknown): GoetheError =>
    new GoetheError('GOETHE_UNAVAILABLE', `The kubeconfig ${path} ${problem}`, { cause })
  const config = await readKubeconfig(path, refuse)

  const name = contextName ?? config['current-context']
  if (name === undefined || name === '') {
    throw refuse('has no current-context: set one, or name a context')
  }
  const { context } = named(config.contexts, name) ?? {}
  if (context === undefined) throw refuse(`has no context ${JSON.stringify(name)}`)
  const { cluster } = named(config.clusters, context.cluster) ?? {}
  if (typeof cluster?.server !== 'string') {
    throw refuse(`has no cluster ${JSON.stringify(context.cluster)} with a server`)
  }
  const { user } = named(config.users, context.user) ?? {}
  if (user === undefined) throw refuse(`has no user ${JSON.stringify(context.user)}`)
  const unsupported = unsupportedPart(cluster, user)
  if (unsupported !== undefined) throw refuse(unsupported)

  const text = inlineOrFile(path)
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context.namespace ?? 'default',
    serverName: cluster['tls-server-name'],
    skipVerification: cluster['insecure-skip-tls-verify'] === true,
    readCredentials: async () => ({
      token: await text(undefined, user.tokenFile, user.token),
      ca: await text(cluster['certificate-authority-data'], cluster['certificate-authority']),
      cert: await text(user['client-certificate-data'], user['client-certificate']),
      key: await text(user['client-key-data'], user['client-key']),
    }),
  }
}

async function readKubeconfig(
  path: string,
  refuse: (problem: string, cause?: unknown) => GoetheError,
): Promise<Kubeconfig> {
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (cause) {
    throw refuse(`cannot be read: ${(cause as Error).message}`, cause)
  }
  try {
    const config: unknown = parse(content)
    if (typeof config === 'object' && config !== null) return config
  } catch (cause) {
    throw refuse(`is not YAML: ${(cause as Error).message}`, cause)
  }
  throw refuse('is empty')
}

function named<Entry extends { name?: string }>(
  entries: readonly Entry[] | undefined,
  name: string | undefined,
): Entry | undefined {
  return entries?.find((entry) => entry.name === name)
}

function unsupportedPart(cluster: NamedCluster, user: NamedUser): string | undefined {
  const instead = 'use a token, tokenFile, or a client certificate (kubectl create token makes one)'
  if (user.exec !== undefined) {
    return `runs a program for its credentials (exec), which is not supported here: ${instead}`
  }
  if (user['auth-provider'] !== undefined) {
    return `has an auth-provider, which Kubernetes gave up and is not supported here: ${instead}`
  }
  if (user.username !== undefined) {
    return `has a username and a password, which Kubernetes gave up: ${instead}`
  }
  if (user.as !== undefined) return `acts as another user (as), which is not supported: ${instead}`
  if (cluster['proxy-url'] !== undefined) {
    return 'goes through a proxy (proxy-url), which is not supported here: reach the server directly'
  }
  return undefined
}

/** Texts that are given in base64, in a file (relative to the kubeconfig), or as they are. */
function inlineOrFile(path: string) {
  return async (
    base64: string | undefined,
    file: string | undefined,
    plain?: string,
  ): Promise<string | undefined> => {
    if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('utf8')
    if (file === undefined) return plain
    return (await readFile(resolve(dirname(path), file), 'utf8')).trim()
  }
}
