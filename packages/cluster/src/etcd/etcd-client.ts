/** A client of etcd v3: one key, read and changed by comparison, over whichever server answers. */
import {
  create,
  type DescMessage,
  type MessageShape,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf'
import { Metadata, type ServiceError, status as grpcStatus } from '@grpc/grpc-js'
import { type AbortSignalLike, ArgumentError, type Clock, systemClock } from '@goethe/core'
import { checkNumber } from '@goethe/core/contract'
import { CallLimits } from '../call-limits.js'
import {
  AuthenticateRequestSchema,
  AuthenticateResponseSchema,
} from '../gen/etcdserverpb/rpc_pb.js'
import { EtcdEndpoint, type EtcdTls } from './etcd-endpoint.js'
import { EtcdFailure } from './etcd-failure.js'

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port` of each server. */
  endpoints: readonly string[]
  tls?: EtcdTls
  /**
   * Calls `use` with what takes the place of `tls`, for connections from then on; `use` throws for what
   * is no certificate with its key. Returns what ends it, which `close` does.
   */
  watchTls?(use: (tls: EtcdTls) => void): () => void
  user?: { readonly name: string; readonly password: string }
  /** How long a call waits for its answer, whichever servers it asks, in milliseconds. Default: 5,000. */
  timeoutMs?: number
  /** Default: the machine's. */
  clock?: Clock
  /** For the jitter of retries, from 0 up to and without 1. Default: Math.random. */
  random?: () => number
}

/** A method of etcd, and whether asking a second time does no harm. */
export interface EtcdMethod<Request extends DescMessage, Response extends DescMessage> {
  readonly path: string
  readonly request: Request
  readonly response: Response
  readonly isRepeatable: boolean
}

const authenticate: EtcdMethod<
  typeof AuthenticateRequestSchema,
  typeof AuthenticateResponseSchema
> = {
  path: '/etcdserverpb.Auth/Authenticate',
  request: AuthenticateRequestSchema,
  response: AuthenticateResponseSchema,
  isRepeatable: true,
}

/** One call: what ends it, and whether its request may have been sent. */
interface Run {
  endedBy: EtcdFailure | undefined
  /** The server that is asked has had its time; another may be asked. */
  triedFor: EtcdFailure | undefined
  wasSent: boolean
  /** Wakes what the call waits for. */
  onEnd: (failure: EtcdFailure) => void
}

function newRun(): Run {
  return { endedBy: undefined, triedFor: undefined, wasSent: false, onEnd: () => undefined }
}

export class EtcdClient {
  readonly clock: Clock
  readonly random: () => number
  readonly limits: CallLimits
  readonly #endpoints: readonly EtcdEndpoint[]
  readonly #user: EtcdOptions['user']
  readonly #timeoutMs: number
  readonly #stopTls: (() => void) | undefined
  #at = 0

  constructor(options: EtcdOptions) {
    const { endpoints, tls, user, clock = systemClock(), random = Math.random } = options
    if (!Array.isArray(endpoints) || endpoints.length === 0) {
      throw new ArgumentError("etcd has at least one endpoint, such as 'http://127.0.0.1:2379'")
    }
    this.#endpoints = endpoints.map((text: string) => new EtcdEndpoint(text, tls))
    this.#user = user
    this.#timeoutMs = checkNumber('timeoutMs', options.timeoutMs, { default: 5000, min: 1 })
    this.clock = clock
    this.random = random
    this.limits = new CallLimits(clock, `etcd at ${endpoints.join(', ')}`)
    this.#stopTls = options.watchTls?.((files) => {
      for (const endpoint of this.#endpoints) endpoint.setTls(files)
    })
  }

  /** The server that is asked at the moment. */
  get endpoint(): EtcdEndpoint {
    return this.#endpoints[this.#at]!
  }

  /** Another server is asked next, over a new connection. */
  leave(endpoint: EtcdEndpoint): void {
    endpoint.reset()
    if (this.endpoint === endpoint) this.#at = (this.#at + 1) % this.#endpoints.length
  }

  /** Rejects with an EtcdFailure. */
  async call<Request extends DescMessage, Response extends DescMessage>(
    method: EtcdMethod<Request, Response>,
    request: MessageShape<Request>,
    signal?: AbortSignalLike,
  ): Promise<MessageShape<Response>> {
    const run = newRun()
    const stopLimit = this.limits.limit({
      timeoutMs: this.#timeoutMs,
      signal,
      onEnd: (error) => {
        run.endedBy = EtcdFailure.ended(error, run.wasSent)
        run.onEnd(run.endedBy)
      },
    })
    try {
      return await this.#tryEach(run, method, request)
    } finally {
      stopLimit()
    }
  }

  /** Connects, and presents our user where there is one. Rejects with an EtcdFailure. */
  async prepared(): Promise<{ endpoint: EtcdEndpoint; metadata: Metadata }> {
    const run = newRun()
    const stopLimit = this.limits.limit({
      timeoutMs: this.#tryMs,
      onEnd: (error) => {
        run.endedBy = EtcdFailure.ended(error, false)
        run.onEnd(run.endedBy)
      },
    })
    const { endpoint } = this
    try {
      return { endpoint, metadata: await this.#prepare(run, endpoint) }
    } catch (failure) {
      this.leave(endpoint)
      throw failure
    } finally {
      stopLimit()
    }
  }

  async close(): Promise<void> {
    this.#stopTls?.()
    this.limits.close()
    for (const endpoint of this.#endpoints) endpoint.reset()
  }

  async #tryEach<Request extends DescMessage, Response extends DescMessage>(
    run: Run,
    method: EtcdMethod<Request, Response>,
    request: MessageShape<Request>,
  ): Promise<MessageShape<Response>> {
    // Once more than there are servers: a token that has expired costs a try.
    for (let triesLeft = this.#endpoints.length; ; triesLeft--) {
      const { endpoint } = this
      const stopTimer = this.clock.setTimer(() => {
        if (!method.isRepeatable && run.wasSent) return
        run.triedFor = EtcdFailure.ended(this.limits.timeoutError(this.#tryMs), run.wasSent)
        run.onEnd(run.triedFor)
      }, this.#tryMs)
      try {
        const metadata = await this.#prepare(run, endpoint)
        run.wasSent = true
        return await this.#send(run, endpoint, method, request, metadata)
      } catch (error) {
        const failure = error as EtcdFailure
        if (failure.isStaleToken) endpoint.token = undefined
        else if (failure.error.code === 'GOETHE_UNAVAILABLE') this.leave(endpoint)
        const mayRepeat = method.isRepeatable || failure.isCertain
        const helps = failure.isStaleToken || failure.error.code === 'GOETHE_UNAVAILABLE'
        if (run.endedBy !== undefined || !mayRepeat || !helps || triesLeft <= 0) throw failure
        run.wasSent = false
        run.triedFor = undefined
      } finally {
        stopTimer()
      }
    }
  }

  /** How long one server is asked while another could be. */
  get #tryMs(): number {
    return Math.ceil(this.#timeoutMs / this.#endpoints.length)
  }

  async #prepare(run: Run, endpoint: EtcdEndpoint): Promise<Metadata> {
    await this.#connect(run, endpoint)
    const metadata = new Metadata()
    // A server that has lost its leader says so at once.
    metadata.set('hasleader', 'true')
    if (this.#user === undefined) return metadata
    endpoint.token ??= await this.#authenticate(run, endpoint, this.#user)
    if (endpoint.token !== '') metadata.set('token', endpoint.token)
    return metadata
  }

  #connect(run: Run, endpoint: EtcdEndpoint): Promise<void> {
    return this.#limited(run, (resolve, reject) => {
      endpoint.connect((failure) => {
        if (failure === undefined) resolve()
        else reject(EtcdFailure.unreachable(endpoint.address, failure))
      })
      return () => undefined
    })
  }

  /** Resolves with '' where etcd knows no users: then none is asked for. */
  async #authenticate(
    run: Run,
    endpoint: EtcdEndpoint,
    user: NonNullable<EtcdOptions['user']>,
  ): Promise<string> {
    const request = create(AuthenticateRequestSchema, user)
    try {
      const answer = await this.#send(run, endpoint, authenticate, request, new Metadata())
      return answer.token
    } catch (failure) {
      const cause = (failure as EtcdFailure).error.cause as Partial<ServiceError> | undefined
      if (cause?.code === grpcStatus.FAILED_PRECONDITION) return ''
      throw failure
    }
  }

  #send<Request extends DescMessage, Response extends DescMessage>(
    run: Run,
    endpoint: EtcdEndpoint,
    method: EtcdMethod<Request, Response>,
    request: MessageShape<Request>,
    metadata: Metadata,
  ): Promise<MessageShape<Response>> {
    return this.#limited(run, (resolve, reject) => {
      const call = endpoint.client.makeUnaryRequest(
        method.path,
        (message: MessageShape<Request>) => Buffer.from(toBinary(method.request, message)),
        (bytes) => fromBinary(method.response, bytes),
        request,
        metadata,
        {},
        (error, response) => {
          if (error === null) resolve(response!)
          else reject(EtcdFailure.of(endpoint.address, error))
        },
      )
      return () => {
        call.cancel()
      }
    })
  }

  /** Work that the end of the call ends; `begin` returns what breaks it off. */
  #limited<Value>(
    run: Run,
    begin: (resolve: (value: Value) => void, reject: (failure: EtcdFailure) => void) => () => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const ended = run.endedBy ?? run.triedFor
      if (ended !== undefined) {
        reject(ended)
        return
      }
      const breakOff = begin(resolve, reject)
      run.onEnd = (failure) => {
        reject(failure)
        breakOff()
      }
    })
  }
}
