/** Requests to the fake API server, as their paths and queries name what they are about. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KubernetesObject } from '../src/kubernetes/resource.js'

const bodyBytesMax = 3 * 1024 * 1024

/** What a request is about. */
export interface Target {
  group: string
  namespace: string
  collection: string
  plural: string
  name: string | undefined
  query: URLSearchParams
}

/** What RBAC decides by. */
export interface AskedRight {
  readonly verb: string
  readonly group: string
  /** In the plural. */
  readonly resource: string
  readonly namespace: string
  /** Not known when something is created, nor of a list or a watch that does not name one object. */
  readonly name: string | undefined
}

/** An answer other than success. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    /** The name of the object, where it is about one. */
    readonly about?: string,
  ) {
    super(message)
  }
}

export function selects(
  query: URLSearchParams,
  object: KubernetesObject,
  labels: Record<string, string>,
): boolean {
  const field = query.get('fieldSelector')
  if (field !== null && field !== `metadata.name=${object.metadata.name}`) return false
  const pairs = (query.get('labelSelector') ?? '').split(',').filter((pair) => pair !== '')
  return pairs.every((pair) => {
    const [key, value] = pair.split('=')
    return labels[key!] === value
  })
}

export function targetOf(url: URL): Target {
  const match =
    /^\/apis\/((?:coordination|discovery)\.k8s\.io)\/v1\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(
      url.pathname,
    )
  if (match === null) {
    // The same reason as of an object that is not there.
    throw new Refused(404, 'NotFound', 'the server could not find the requested resource')
  }
  const [, group, namespace, plural, name] = match
  return {
    group: group!,
    namespace: namespace!,
    collection: `${namespace}/${plural}`,
    plural: plural!,
    name: name === undefined ? undefined : decodeURIComponent(name),
    query: url.searchParams,
  }
}

export function verbOf(method: string, { name, query }: Target): string {
  if (method === 'GET' && name !== undefined) return 'get'
  if (method === 'GET') return query.get('watch') === 'true' ? 'watch' : 'list'
  if (method === 'POST' && name === undefined) return 'create'
  if (method === 'PUT' && name !== undefined) return 'update'
  if (method === 'DELETE' && name !== undefined) return 'delete'
  throw new Refused(405, 'MethodNotAllowed', `${method} is not allowed here`)
}

export function rightOf(
  verb: string,
  { group, plural, namespace, name, query }: Target,
): AskedRight {
  const selected = /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1]
  return { verb, group, resource: plural, namespace, name: name ?? selected }
}

export function notFound({ plural, name }: Target): Refused {
  return new Refused(404, 'NotFound', `${plural} "${name}" not found`, name)
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  if (size > bodyBytesMax) {
    const message = `Request entity too large: limit is ${bodyBytesMax}`
    throw new Refused(413, 'RequestEntityTooLarge', message)
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
