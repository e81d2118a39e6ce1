/** A small client of the Kubernetes API: what a cluster of ours needs, and that to the end. */
import { type AbortSignalLike, type Clock, type GoetheError, systemClock } from '@goethe/core'
import { checkNumber } from '@goethe/core/contract'
import { CallLimits } from '../call-limits.js'
import { ApiConnection, type ApiResult } from './api-connection.js'
import { type Asked, errorOfRefusal, isAbsence, refusalOf } from './api-error.js'
import type { ClusterAccess } from './cluster-access.js'
import { type KubernetesObject, type Resource, type Selector, pathOf, queryOf } from './resource.js'

export interface KubernetesClientOptions {
  /** Default: the machine's. */
  clock?: Clock
  /** For the jitter of retries, from 0 up to and without 1. Default: Math.random. */
  random?: () => number
  /** How long a call waits for its answer, in milliseconds. Default: 5,000. */
  timeoutMs?: number
}

/**
 * How an attempt to write an object ended. `conflict`: it has changed, or exists already, or does not
 * exist. `failed`: certainly not done. `unknown`: no answer came, or one that leaves it open.
 */
export type WriteOutcome<Written> =
  | { readonly outcome: 'written'; readonly object: Written }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'failed'; readonly error: GoetheError }
  | { readonly outcome: 'unknown'; readonly error: GoetheError }

export interface ObjectList<Listed> {
  readonly items: readonly Listed[]
  /** The version of the list, from which a watch goes on. */
  readonly resourceVersion: string
}

type Shared = Pick<KubernetesClient, 'namespace' | 'random' | 'timeoutMs' | 'connection'>

export class KubernetesClient {
  readonly namespace: string
  readonly connection: ApiConnection
  readonly random: () => number
  /** How long a call waits for its answer, in milliseconds. */
  readonly timeoutMs: number
  /** What ends calls. */
  readonly limits: CallLimits
  readonly #isScope: boolean

  private constructor({ namespace, random, timeoutMs, connection }: Shared, isScope: boolean) {
    this.namespace = namespace
    this.connection = connection
    this.random = random
    this.timeoutMs = timeoutMs
    this.limits = new CallLimits(connection.clock, `The API server at ${connection.server}`)
    this.#isScope = isScope
  }

  static open(access: ClusterAccess, options: KubernetesClientOptions = {}): KubernetesClient {
    const { namespace } = access
    const { clock = systemClock(), random = Math.random } = options
    const timeoutMs = checkNumber('timeoutMs', options.timeoutMs, { default: 5000, min: 1 })
    const connection = new ApiConnection(access, clock, timeoutMs)
    return new KubernetesClient({ namespace, random, timeoutMs, connection }, false)
  }

  /** One more client on the same connections, which ends its own calls alone when it closes. */
  scope(): KubernetesClient {
    return new KubernetesClient(this, true)
  }

  /** The object as the API server's own store has it; undefined where there is none. */
  async get<Read extends KubernetesObject>(
    resource: Resource,
    name: string,
    signal?: AbortSignalLike,
  ): Promise<Read | undefined> {
    const path = pathOf(resource, this.namespace, name)
    const result = await this.connection.call({ method: 'GET', path }, this.limits, signal)
    if (result.status === 404 && isAbsence(refusalOf(404, result.body), name)) return undefined
    return this.#answer(result, { verb: 'get', resource, namespace: this.namespace, name }) as Read
  }

  /** All objects that are selected, as the API server's own store has them. */
  async list<Listed extends KubernetesObject>(
    resource: Resource,
    selector: Selector,
    signal?: AbortSignalLike,
  ): Promise<ObjectList<Listed>> {
    const path = pathOf(resource, this.namespace) + queryOf(selector)
    const result = await this.connection.call({ method: 'GET', path }, this.limits, signal)
    const asked: Asked = { verb: 'list', resource, namespace: this.namespace, name: selector.name }
    const list = this.#answer(result, asked) as {
      items?: Listed[] | null
      metadata?: { resourceVersion?: string }
    }
    return { items: list.items ?? [], resourceVersion: list.metadata?.resourceVersion ?? '' }
  }

  /** Creates the object unless one of its name exists, which is a conflict. */
  async create<Written extends KubernetesObject>(
    resource: Resource,
    object: Written,
  ): Promise<WriteOutcome<Written>> {
    const path = pathOf(resource, this.namespace)
    const result = await this.connection.call({ method: 'POST', path, body: object }, this.limits)
    const { name } = object.metadata
    return this.#written(result, { verb: 'create', resource, namespace: this.namespace, name })
  }

  /** Replaces the object if its `resourceVersion` is still that of `object`. */
  async replace<Written extends KubernetesObject>(
    resource: Resource,
    object: Written,
  ): Promise<WriteOutcome<Written>> {
    const { name } = object.metadata
    const path = pathOf(resource, this.namespace, name)
    const result = await this.connection.call({ method: 'PUT', path, body: object }, this.limits)
    return this.#written(result, { verb: 'update', resource, namespace: this.namespace, name })
  }

  /** Ends all calls and watches; connections too where this is no scope of another client. */
  async close(): Promise<void> {
    this.limits.close()
    if (!this.#isScope) await this.connection.close()
  }

  #answer(result: ApiResult, asked: Asked): unknown {
    if (result.status === undefined) throw result.error
    if (isObject(result)) return result.body
    throw this.#error(result.status, result.body, asked)
  }

  #written<Written>(result: ApiResult, asked: Asked): WriteOutcome<Written> {
    if (result.status === undefined) {
      return { outcome: result.wasSent ? 'unknown' : 'failed', error: result.error }
    }
    const { status, body } = result
    if (isObject(result)) return { outcome: 'written', object: body as Written }
    const refusal = refusalOf(status, body)
    const isConflict =
      asked.verb === 'create'
        ? refusal.reason === 'AlreadyExists'
        : refusal.reason === 'Conflict' || isAbsence(refusal, asked.name ?? '')
    if (isConflict) return { outcome: 'conflict' }
    const error = this.#error(status, body, asked)
    // A server that gives up waiting for its own store, or stops, does not know either.
    return { outcome: status >= 400 && status < 500 ? 'failed' : 'unknown', error }
  }

  #error(status: number, body: unknown, asked: Asked): GoetheError {
    return errorOfRefusal(this.connection.server, asked, refusalOf(status, body))
  }
}

/** A success that is not an object comes from something else than an API server. */
function isObject({ status, body }: { status: number; body: unknown }): boolean {
  return status >= 200 && status < 300 && typeof body === 'object' && body !== null
}
