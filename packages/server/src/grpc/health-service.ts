/**
 * grpc.health.v1: may requests be sent here? What /readyz says over HTTP, for balancers that speak
 * gRPC. Nobody has to say who they are, as those who ask cannot.
 */
import type { ServiceDefinition } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { eventLogMethods, legacyMethods } from '@goethe/protocol'
import { servesReads } from '../log-store.js'
import type { ServerContext } from '../server-context.js'
import {
  type Handler,
  type ServiceHost,
  endingStreams,
  handlersOf,
  implementationOf,
} from './ending-streams.js'

type Status = 'SERVING' | 'NOT_SERVING'

/** How often the store is looked at while somebody watches. */
const watchIntervalMs = 1000

/** Adds the health service to a server, for the whole of it ('') and for each service. */
export function addHealthService(server: ServiceHost, context: ServerContext): void {
  const health = new Health(context)
  context.stopping.addEventListener('abort', () => health.refresh())
  // Watchers are told first that nothing is served any more, and then the end.
  const host = endingStreams(server, context.stopping)
  health.implementation.addToServer({
    addService(definition, implementation) {
      const { check, watch, list } = handlersOf(implementation)
      host.addService(
        definition as ServiceDefinition,
        implementationOf({
          check: health.refreshed(check!),
          watch: health.watched(watch!),
          list: health.refreshed(list!),
        }),
      )
    },
  })
}

class Health {
  readonly implementation: HealthImplementation
  readonly #context: ServerContext
  readonly #services: string[]
  #status: Status
  #watchers = 0
  #looksAgain = false

  constructor(context: ServerContext) {
    this.#context = context
    this.#services = ['', serviceOf(eventLogMethods.append)]
    if (context.config.legacy) this.#services.push(serviceOf(legacyMethods.produce))
    this.#status = statusOf(context)
    const status = this.#status
    this.implementation = new HealthImplementation(
      Object.fromEntries(this.#services.map((name) => [name, status])),
    )
  }

  /** Tells those who watch when something has changed. */
  refresh(): void {
    const status = statusOf(this.#context)
    if (status === this.#status) return
    this.#status = status
    for (const service of this.#services) this.implementation.setStatus(service, status)
  }

  /** The handler of a call that is answered with what is true now. */
  refreshed(handler: Handler): Handler {
    return (call, callback) => {
      this.refresh()
      handler(call, callback)
    }
  }

  /** The handler of a stream that is told what changes. */
  watched(handler: Handler): Handler {
    return this.refreshed((call, callback) => {
      this.#watchers++
      this.#lookAgain()
      call.once('cancelled', () => {
        this.#watchers--
      })
      handler(call, callback)
    })
  }

  /** One timer, however often watchers come and go while it waits. */
  #lookAgain(): void {
    if (this.#looksAgain) return
    this.#looksAgain = true
    const again = (): void => {
      this.#looksAgain = false
      if (this.#watchers === 0 || this.#context.stopping.aborted) return
      this.refresh()
      this.#lookAgain()
    }
    this.#context.clock.setTimer(again, watchIntervalMs, 'background')
  }
}

/**
 * A log that takes no writes for a while is still served: its readers would lose it for nothing, and
 * those who write are told by each answer when to come back.
 */
function statusOf({ stopping, storeState }: ServerContext): Status {
  if (stopping.aborted) return 'NOT_SERVING'
  return servesReads(storeState()) ? 'SERVING' : 'NOT_SERVING'
}

function serviceOf({ path }: { path: string }): string {
  return path.slice(1, path.lastIndexOf('/'))
}
