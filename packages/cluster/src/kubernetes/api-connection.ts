/** Requests to one API server: over one shared agent, with the credentials of the moment. */
import { type AbortSignalLike, type Clock, GoetheError } from '@goethe/core'
import { Agent, type Dispatcher } from 'undici'
import type { CallLimits } from '../call-limits.js'
import type { ClusterAccess, Credentials } from './cluster-access.js'
import { CredentialCache } from './credential-cache.js'
import { type ExchangeHandler, exchange } from './exchange.js'

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its query, from the root of the API. */
  path: string
  body?: unknown
}

/** What came of a request: an answer, or none. */
export type ApiResult =
  | { readonly status: number; readonly body: unknown }
  | { readonly status?: undefined; readonly error: GoetheError; readonly wasSent: boolean }

/** No object of ours is near it, and no answer may fill the memory. */
const answerBytesMax = 32 * 1024 * 1024

export class ApiConnection {
  readonly server: string
  readonly clock: Clock
  readonly #access: ClusterAccess
  readonly #credentials: CredentialCache
  readonly #timeoutMs: number
  #agent: { agent: Agent; credentials: Credentials } | undefined

  constructor(access: ClusterAccess, clock: Clock, timeoutMs: number) {
    this.server = access.server
    this.clock = clock
    this.#access = access
    this.#credentials = new CredentialCache(access, clock)
    this.#timeoutMs = timeoutMs
  }

  /** Resolves with the answer, whatever its status, or with why there is none. */
  call(request: ApiRequest, limits: CallLimits, signal?: AbortSignalLike): Promise<ApiResult> {
    return new Promise((resolve) => {
      let status = 0
      let size = 0
      const chunks: Buffer[] = []
      const breakOff = this.open(request, {
        limits,
        timeoutMs: this.#timeoutMs,
        signal,
        onStatus: (answered) => {
          status = answered
        },
        onData: (bytes) => {
          size += bytes.length
          if (size > answerBytesMax) breakOff(this.#tooLarge())
          else chunks.push(bytes)
        },
        onEnd: () => {
          resolve({ status, body: parsed(Buffer.concat(chunks).toString('utf8')) })
        },
        onFailure: (error, wasSent) => {
          resolve({ error: this.#unavailable(error), wasSent })
        },
      })
    })
  }

  /** Sends a request whose answer is taken as it comes; the function returned breaks it off. */
  open(
    request: ApiRequest,
    handler: ExchangeHandler & {
      limits: CallLimits
      /** For all of it. Default: it takes as long as it takes. */
      timeoutMs?: number | undefined
      signal?: AbortSignalLike | undefined
    },
  ): (reason: Error) => void {
    let ended: Error | undefined
    let breakOffExchange: ((reason: Error) => void) | undefined
    const breakOff = (reason: Error): void => {
      if (ended !== undefined) return
      ended = reason
      stopLimit?.()
      if (breakOffExchange === undefined) handler.onFailure(reason, false)
      else breakOffExchange(reason)
    }
    const stopLimit: (() => void) | undefined = handler.limits.limit({
      timeoutMs: handler.timeoutMs,
      signal: handler.signal,
      onEnd: (error) => {
        // It may be called before limit() has returned what stops it.
        queueMicrotask(() => {
          breakOff(error)
        })
      },
    })
    const over: ExchangeHandler = {
      onStatus: (status) => {
        if (status === 401) this.#credentials.expire()
        handler.onStatus(status)
      },
      onData: (bytes) => {
        handler.onData(bytes)
      },
      onEnd: () => {
        ended ??= new Error('It has ended')
        stopLimit()
        handler.onEnd()
      },
      onFailure: (error, wasSent) => {
        ended ??= error
        stopLimit()
        handler.onFailure(error, wasSent)
      },
    }
    this.#credentials.get().then(
      (credentials) => {
        if (ended === undefined) breakOffExchange = this.#send(request, credentials, over)
      },
      (error: Error) => {
        breakOff(error)
      },
    )
    return breakOff
  }

  async close(): Promise<void> {
    this.#credentials.close()
    await this.#agent?.agent.destroy()
  }

  #send(
    { method, path, body }: ApiRequest,
    credentials: Credentials,
    handler: ExchangeHandler,
  ): (reason: Error) => void {
    const url = new URL(this.#access.server)
    const prefix = url.pathname.replace(/\/$/, '')
    const request: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: prefix + path,
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'goethe',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(credentials.token !== undefined && { authorization: `Bearer ${credentials.token}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    }
    return exchange(this.#agentFor(credentials), request, handler)
  }

  /** Another authority or certificate needs other connections; another token does not. */
  #agentFor(credentials: Credentials): Agent {
    const { ca, cert, key } = credentials
    const current = this.#agent
    if (
      current !== undefined &&
      current.credentials.ca === ca &&
      current.credentials.cert === cert &&
      current.credentials.key === key
    ) {
      return current.agent
    }
    // Calls that are under way on it may end.
    void current?.agent.close().catch(() => undefined)
    const { serverName, skipVerification } = this.#access
    const agent = new Agent({
      connect: {
        timeout: this.#timeoutMs,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(serverName !== undefined && { servername: serverName }),
        ...(skipVerification === true && { rejectUnauthorized: false }),
      },
    })
    this.#agent = { agent, credentials }
    return agent
  }

  #unavailable(error: Error): GoetheError {
    if (error instanceof GoetheError) return error
    const { code, message } = error as NodeJS.ErrnoException
    const reason = message === '' ? String(code) : message
    return new GoetheError(
      'GOETHE_UNAVAILABLE',
      `The API server at ${this.server} cannot be reached: ${reason}`,
      { cause: error },
    )
  }

  #tooLarge(): GoetheError {
    return new GoetheError(
      'GOETHE_UNAVAILABLE',
      `The API server at ${this.server} answered with more than ${answerBytesMax} bytes`,
    )
  }
}

/** An answer that is not JSON comes from something in between, and is shown as it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
