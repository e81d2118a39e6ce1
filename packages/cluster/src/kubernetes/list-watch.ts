/**
 * Follows the objects that a selector names: a list, then a watch from the version of the list on,
 * and after the end of each watch a list again. A watch ends by itself after some minutes, so that a
 * fresh list corrects whatever a watch may have missed; one that is silent for longer than bookmarks
 * are apart is broken off, as the server may be gone or may have lost its memory.
 */
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { backoffMs } from '@goethe/core/contract'
import { errorOfRefusal, refusalOf } from './api-error.js'
import { JsonLines } from './json-lines.js'
import type { KubernetesClient } from './kubernetes-client.js'
import { type KubernetesObject, type Resource, type Selector, pathOf, queryOf } from './resource.js'

/** How long to wait at most before the next try. */
const pauseMsMax = 10_000

export interface ListWatchHandler<Followed> {
  /** All objects that there are, after each list and each change. */
  onObjects(objects: readonly Followed[]): void
  /** Why there is nothing new for now. It is tried again. */
  onProblem?(error: GoetheError): void
}

export interface ListWatchOptions {
  /** How long a watch may be silent, in milliseconds; bookmarks come each minute. Default: 90,000. */
  idleMs?: number
  /** How long a watch takes at most, in milliseconds, before all is listed anew. Default: 300,000. */
  watchMs?: number
}

/** How a watch ended. */
type WatchEnd =
  | { readonly end: 'over' | 'idle' | 'expired' }
  | { readonly end: 'failed'; readonly error: GoetheError }

/** Follows until the function returned is called, or the client closes. */
export function listWatch<Followed extends KubernetesObject>(
  client: KubernetesClient,
  resource: Resource,
  selector: Selector,
  handler: ListWatchHandler<Followed>,
  options: ListWatchOptions = {},
): () => void {
  const stopping = new AbortController()
  const loop = new ListWatch(client, resource, selector, handler, options, stopping.signal)
  void loop.run()
  return () => {
    stopping.abort()
  }
}

class ListWatch<Followed extends KubernetesObject> {
  readonly #client: KubernetesClient
  readonly #resource: Resource
  readonly #selector: Selector
  readonly #handler: ListWatchHandler<Followed>
  readonly #idleMs: number
  readonly #watchMs: number
  readonly #signal: AbortSignalLike
  #objects = new Map<string, Followed>()
  /** Since something was last heard. */
  #failures = 0

  constructor(
    client: KubernetesClient,
    resource: Resource,
    selector: Selector,
    handler: ListWatchHandler<Followed>,
    { idleMs = 90_000, watchMs = 300_000 }: ListWatchOptions,
    signal: AbortSignalLike,
  ) {
    this.#client = client
    this.#resource = resource
    this.#selector = selector
    this.#handler = handler
    this.#idleMs = idleMs
    this.#watchMs = watchMs
    this.#signal = signal
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      try {
        const version = await this.#list()
        if (this.#isOver) return
        const ended = await this.#watch(version)
        if (ended.end === 'failed') throw ended.error
        // A server whose watches end at once, one after the other, is asked more and more rarely.
        this.#failures++
      } catch (error) {
        if (this.#isOver) return
        this.#failures++
        this.#handler.onProblem?.(error as GoetheError)
      }
      await this.#pause()
    }
  }

  get #isOver(): boolean {
    return this.#signal.aborted || this.#client.limits.closed
  }

  /** Lists all, and resolves with the version that they have. */
  async #list(): Promise<string> {
    const list = await this.#client.list<Followed>(this.#resource, this.#selector, this.#signal)
    if (this.#isOver) return ''
    this.#objects = new Map(list.items.map((object) => [object.metadata.name, object]))
    this.#report()
    return list.resourceVersion
  }

  #watch(resourceVersion: string): Promise<WatchEnd> {
    const { connection, limits, namespace, random, timeoutMs } = this.#client
    const { clock } = connection
    const path =
      pathOf(this.#resource, namespace) +
      queryOf(this.#selector, {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        // Not all that follow the same list it again at the same time.
        timeoutSeconds: `${Math.ceil((this.#watchMs / 1000) * (0.75 + random() / 4))}`,
      })
    return new Promise((resolve) => {
      const lines = new JsonLines()
      let status = 0
      let refused = ''
      let stopIdle: () => void
      const done = (end: WatchEnd): void => {
        stopIdle()
        resolve(end)
      }
      const end = (ended: WatchEnd): void => {
        done(ended)
        breakOff(new Error('The watch has ended'))
      }
      const idleFor = (idleMs: number): void => {
        stopIdle = clock.setTimer(() => {
          end(status === 0 ? this.#failed(limits.timeoutError(idleMs)) : { end: 'idle' })
        }, idleMs)
      }
      idleFor(timeoutMs)
      const breakOff = connection.open(
        { method: 'GET', path },
        {
          limits,
          signal: this.#signal,
          onStatus: (answered) => {
            status = answered
            stopIdle()
            idleFor(this.#idleMs)
          },
          onData: (bytes) => {
            stopIdle()
            idleFor(this.#idleMs)
            if (status !== 200) {
              refused += bytes.toString('utf8').slice(0, 10_000)
              return
            }
            const ended = this.#take(lines, bytes)
            if (ended !== undefined) end(ended)
          },
          onEnd: () => {
            done(status === 200 ? { end: 'over' } : this.#refused(status, refused))
          },
          onFailure: (error) => {
            done(this.#failed(error))
          },
        },
      )
    })
  }

  /** Takes the events that have arrived; one of them may be the end of the watch. */
  #take(lines: JsonLines, bytes: Buffer): WatchEnd | undefined {
    let events: { type?: string; object?: unknown }[]
    try {
      events = lines.push(bytes) as typeof events
    } catch (error) {
      return this.#failed(error as Error)
    }
    let isChanged = false
    for (const { type, object } of events) {
      if (type === 'ERROR') {
        if (isChanged) this.#report()
        const { code } = object as { code?: number }
        return code === 410 ? { end: 'expired' } : this.#refused(code ?? 500, object)
      }
      this.#failures = 0
      // A bookmark shows that the server is there, and changes nothing.
      if (type === 'BOOKMARK') continue
      const changed = object as Followed
      if (type === 'DELETED') this.#objects.delete(changed.metadata.name)
      else this.#objects.set(changed.metadata.name, changed)
      isChanged = true
    }
    if (isChanged) this.#report()
    return undefined
  }

  #report(): void {
    if (!this.#isOver) this.#handler.onObjects([...this.#objects.values()])
  }

  #refused(status: number, body: unknown): WatchEnd {
    if (status === 410) return { end: 'expired' }
    const { connection, namespace } = this.#client
    const asked = { verb: 'watch', resource: this.#resource, namespace } as const
    const value: unknown = typeof body === 'string' ? jsonOr(body) : body
    return {
      end: 'failed',
      error: errorOfRefusal(
        connection.server,
        { ...asked, name: this.#selector.name },
        refusalOf(status, value),
      ),
    }
  }

  #failed(cause: Error): WatchEnd {
    const error =
      cause instanceof GoetheError
        ? cause
        : new GoetheError('GOETHE_UNAVAILABLE', `The watch broke off: ${cause.message}`, { cause })
    return { end: 'failed', error }
  }

  #pause(): Promise<void> {
    const { connection, limits, random } = this.#client
    const delayMs = backoffMs(this.#failures - 1, random, pauseMsMax)
    return new Promise((resolve) => {
      const stopTimer = connection.clock.setTimer(done, delayMs)
      const stopLimit = limits.limit({ signal: this.#signal, onEnd: done })
      function done(): void {
        stopTimer()
        queueMicrotask(() => {
          stopLimit()
          resolve()
        })
      }
    })
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
