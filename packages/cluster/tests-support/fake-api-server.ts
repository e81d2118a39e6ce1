/**
 * As much of a Kubernetes API server as members of a cluster see, behaving as real ones (1.34, 1.20)
 * were observed to: optimistic locking with its reasons, checks of what is written, lists, watches with
 * bookmarks, versions that are too old or in the future, rights, slow ends.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { TlsOptions } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '../src/kubernetes/resource.js'
import {
  type AskedRight,
  type Target,
  Refused,
  answer,
  bodyOf,
  notFound,
  rightOf,
  selects,
  targetOf,
  verbOf,
} from './api-request.js'
import { freePort } from './free-ports.js'
import { leaseProblem, metadataProblem } from './lease-validation.js'

interface StoredEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  version: number
  collection: string
  object: KubernetesObject
  labels: Record<string, string>
}

interface Watch {
  response: ServerResponse
  matches(event: StoredEvent): boolean
  collection: string
  bookmarks: boolean
}

export class FakeApiServer {
  port = 0
  /** The only token that is taken; undefined: no token is asked for. */
  token: string | undefined
  /** `verb plural` pairs that RBAC does not allow, such as 'watch leases'. */
  readonly forbidden = new Set<string>()
  /** What RBAC allows besides. Default: everything. */
  allows: (right: AskedRight) => boolean = () => true
  /** Which requests are taken and not answered, such as 'watch leases'; true for all. */
  silent: boolean | string = false
  /** Requests so far, as `verb plural`. */
  readonly requests: string[] = []
  /** The rights that those requests needed. */
  readonly asked: AskedRight[] = []
  /** While set, all is answered with this status, as by one whose own store is away. */
  refusesWith: number | undefined
  /** While set, writes are done, and answered with this status all the same. */
  answersWritesWith: number | undefined
  readonly #tls: TlsOptions | undefined
  #server: ReturnType<typeof createServer> | undefined
  /** By collection and name. */
  readonly #objects = new Map<string, { collection: string; object: KubernetesObject }>()
  #events: StoredEvent[] = []
  #version = 100
  #oldest = 0
  readonly #watches = new Set<Watch>()
  #isDraining = false
  #onRequest = new Map<string, (() => void)[]>()

  private constructor(tls: TlsOptions | undefined) {
    this.#tls = tls
  }

  static async start(tls?: TlsOptions): Promise<FakeApiServer> {
    const server = new FakeApiServer(tls)
    // It may be away for a while, and then listen on the same port again.
    server.port = await freePort()
    await server.listen()
    return server
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`
  }

  /** Those who watch at the moment. */
  get watchers(): number {
    return this.#watches.size
  }

  async listen(): Promise<void> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response)
    }
    const server =
      this.#tls === undefined ? createServer(handle) : createSecureServer(this.#tls, handle)
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve))
    this.#server = server
    this.#isDraining = false
  }

  /** Ends as one that is killed; what it keeps stays. */
  async stop(): Promise<void> {
    const stopped = this.drain()
    this.#server?.closeAllConnections()
    await stopped
  }

  /**
   * Ends as one that is stopped: it takes no connection any more, while those that there are go on.
   * Resolves when all of them have ended.
   */
  async drain(): Promise<void> {
    this.#isDraining = true
    await new Promise<void>((resolve) => {
      this.#server?.close(() => {
        resolve()
      })
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Resolves with the next request of this kind, such as 'list leases', when it arrives. */
  nextRequest(what: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onRequest.set(what, [...(this.#onRequest.get(what) ?? []), resolve])
    })
  }

  /** Forgets what happened before now: who watches from an earlier version is told 410. */
  compact(): void {
    this.#oldest = this.#version
    this.#events = []
  }

  /** The store is an older one: versions that were given out lie in the future now. */
  restoreBackup(versions: number): void {
    this.#version -= versions
    this.#events = []
    this.#oldest = 0
  }

  /** Sends each watcher that asked for them the version it has seen. */
  bookmark(): void {
    for (const { response, bookmarks } of this.#watches) {
      if (!bookmarks) continue
      const object = { kind: 'Bookmark', metadata: { resourceVersion: `${this.#version}` } }
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
    }
  }

  /** Sends all who watch a line that is no event. */
  garble(): void {
    for (const { response } of this.#watches) response.write('{"type":\n')
  }

  /** Tells all who watch that their version has expired, and ends their watches. */
  expireWatches(): void {
    for (const { response } of this.#watches) response.end(`${JSON.stringify(expired)}\n`)
  }

  /** Ends all watches, as their time does. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end()
  }

  /** Stores an object as a controller would; undefined deletes it. */
  put(plural: string, namespace: string, name: string, object?: object): void {
    const collection = `${namespace}/${plural}`
    const stored = this.#objects.get(`${collection}/${name}`)?.object
    if (object === undefined) {
      if (stored === undefined) throw new Error(`There is no ${collection}/${name}`)
      this.#store(collection, 'DELETED', stored)
      return
    }
    const { metadata } = object as { metadata?: object }
    const whole = { ...object, metadata: { ...metadata, name, namespace } }
    this.#store(collection, stored === undefined ? 'ADDED' : 'MODIFIED', whole)
  }

  /** What is stored under a name. */
  stored(plural: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(`${namespace}/${plural}/${name}`)?.object
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isDraining) response.setHeader('connection', 'close')
    try {
      const body = await bodyOf(request)
      const target = targetOf(new URL(request.url ?? '', 'http://server'))
      const verb = verbOf(request.method ?? '', target)
      const what = `${verb} ${target.plural}`
      this.requests.push(what)
      const right = rightOf(verb, target)
      this.asked.push(right)
      const waiting = this.#onRequest.get(what) ?? []
      this.#onRequest.delete(what)
      for (const resolve of waiting) resolve()
      if (this.silent === true || this.silent === what) return
      if (this.refusesWith !== undefined) {
        throw new Refused(this.refusesWith, 'ServiceUnavailable', 'etcdserver: no leader')
      }
      this.#authorize(request, what, right)
      if (verb === 'watch') this.#watch(target, response)
      else {
        const stored = this.#objects.has(`${target.collection}/${target.name}`)
        const creates = verb === 'create' || (verb === 'update' && !stored)
        answer(response, creates ? 201 : 200, this.#do(verb, target, body))
      }
    } catch (error) {
      const { status, reason, message, about } =
        error instanceof Refused ? error : new Refused(500, 'InternalError', String(error))
      answer(response, status, {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code: status,
        reason,
        message,
        details: about === undefined ? {} : { name: about },
      })
    }
  }

  #authorize(request: IncomingMessage, what: string, right: AskedRight): void {
    const { authorization } = request.headers
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`) {
      throw new Refused(401, 'Unauthorized', 'Unauthorized')
    }
    if (!this.forbidden.has(what) && this.allows(right)) return
    const where = `${right.namespace}/${right.resource}`
    throw new Refused(403, 'Forbidden', `User "goethe" cannot ${what} in ${where}`)
  }

  #do(verb: string, target: Target, body: string): unknown {
    if (verb === 'list') return this.#list(target)
    const { collection, plural, name } = target
    const stored = this.#objects.get(`${collection}/${name}`)?.object
    if (verb === 'get') {
      if (stored === undefined) throw notFound(target)
      return stored
    }
    if (verb === 'delete') {
      if (stored === undefined) throw notFound(target)
      this.#store(collection, 'DELETED', stored)
      return { kind: 'Status', status: 'Success' }
    }
    const object = this.#checked(target, body)
    const written =
      verb === 'create' ? this.#create(target, object) : this.#update(target, object, stored)
    if (this.answersWritesWith !== undefined) {
      throw new Refused(this.answersWritesWith, 'Timeout', `${plural} ${name} took too long`)
    }
    return written
  }

  #checked({ plural, name, namespace }: Target, body: string): KubernetesObject {
    const object = JSON.parse(body) as KubernetesObject
    if (plural === 'leases') {
      const { decoding, invalid } = leaseProblem(object)
      if (decoding !== undefined) throw new Refused(400, 'BadRequest', decoding)
      const problem = invalid ?? metadataProblem(object)
      if (problem !== undefined) throw new Refused(422, 'Invalid', problem)
    }
    for (const [what, got, wanted] of [
      ['name', object.metadata.name, name],
      ['namespace', object.metadata.namespace, namespace],
    ] as const) {
      if (got === undefined || wanted === undefined || got === wanted) continue
      const message = `the ${what} of the object (${got}) does not match the ${what} on the URL (${wanted})`
      throw new Refused(400, 'BadRequest', message)
    }
    return object
  }

  #create({ collection, plural }: Target, object: KubernetesObject): KubernetesObject {
    const { name, resourceVersion = '' } = object.metadata
    if (this.#objects.has(`${collection}/${name}`)) {
      throw new Refused(409, 'AlreadyExists', `${plural} "${name}" already exists`)
    }
    if (resourceVersion !== '') {
      throw new Refused(500, '', 'resourceVersion should not be set on objects to be created')
    }
    return this.#store(collection, 'ADDED', object)
  }

  #update(
    target: Target,
    object: KubernetesObject,
    stored: KubernetesObject | undefined,
  ): KubernetesObject {
    const { resourceVersion = '', uid } = object.metadata
    // The uid that is sent along is what a server holds on to: without one, a PUT creates.
    if (uid !== undefined && uid !== stored?.metadata.uid) {
      const had = stored?.metadata.uid ?? ''
      const message = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${had}`
      throw new Refused(409, 'Conflict', message)
    }
    if (stored === undefined) return this.#store(target.collection, 'ADDED', object)
    if (resourceVersion === '' || resourceVersion === '0') {
      const message =
        'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update'
      throw new Refused(422, 'Invalid', message)
    }
    if (stored.metadata.resourceVersion !== resourceVersion) {
      const message = `Operation cannot be fulfilled on ${target.plural} "${target.name}": the object has been modified`
      throw new Refused(409, 'Conflict', message)
    }
    // What changes nothing is not written.
    if (isDeepStrictEqual(withoutVersion(object), withoutVersion(stored))) return stored
    return this.#store(target.collection, 'MODIFIED', object)
  }

  #list({ collection, query }: Target): unknown {
    const version = Number(query.get('resourceVersion') ?? '0')
    if (version > this.#version) {
      throw new Refused(504, 'Timeout', `Too large resource version: ${version}`)
    }
    const items = [...this.#objects.values()]
      .filter((stored) => stored.collection === collection)
      .map(({ object }) => object)
      .filter((object) => selects(query, object, object.metadata.labels ?? {}))
    return { kind: 'List', metadata: { resourceVersion: `${this.#version}` }, items }
  }

  #watch({ collection, query }: Target, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const from = Number(query.get('resourceVersion'))
    if (from < this.#oldest) {
      response.end(`${JSON.stringify(expired)}\n`)
      return
    }
    const watch: Watch = {
      response,
      collection,
      bookmarks: query.get('allowWatchBookmarks') === 'true',
      matches: (event) =>
        event.version > from &&
        event.collection === collection &&
        selects(query, event.object, event.labels),
    }
    this.#watches.add(watch)
    response.on('close', () => this.#watches.delete(watch))
    for (const event of this.#events) send(watch, event)
  }

  #store(
    collection: string,
    type: StoredEvent['type'],
    object: KubernetesObject,
  ): KubernetesObject {
    const version = ++this.#version
    const { name } = object.metadata
    const key = `${collection}/${name}`
    const before = this.#objects.get(key)?.object
    const metadata = {
      ...object.metadata,
      namespace: collection.split('/')[0]!,
      uid: before?.metadata.uid ?? crypto.randomUUID(),
      resourceVersion: `${version}`,
    }
    const stored = { ...object, metadata }
    if (type === 'DELETED') this.#objects.delete(key)
    else this.#objects.set(key, { collection, object: stored })
    const labels = metadata.labels ?? {}
    const event: StoredEvent = { type, version, collection, object: stored, labels }
    this.#events.push(event)
    for (const watch of this.#watches) send(watch, event)
    return stored
  }
}

const expired = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old resource version',
  },
}

/** As it is compared: the server itself fills in what was left out of these. */
function withoutVersion({ metadata, ...others }: KubernetesObject): object {
  const { resourceVersion: _version, uid: _uid, namespace: _namespace, ...rest } = metadata
  return { ...others, metadata: rest }
}

function send({ response, matches }: Watch, event: StoredEvent): void {
  if (!matches(event)) return
  response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`)
}
