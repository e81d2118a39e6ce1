/** What goes on while something happens to a cluster: appends, readers that follow, consumers. */
import { type Client, connect } from '@goethe/client'
import { isGoetheError } from '@goethe/core'
import { SteadyAppends, patient } from '../server/steady-appends.js'
import { Tally } from '../server/tally.js'
import type { LocalCluster } from './local-cluster.js'

/** Few enough that the machine is not the subject of the test. */
const inFlight = 2

export class Workload implements AsyncDisposable {
  readonly appends: SteadyAppends
  /** By the member that each is connected to, whether it leads or not. */
  readonly tails: readonly Tail[]
  readonly #handled = new Handled()
  readonly #workers: readonly Worker[]
  readonly #producer: Client

  /** Each in a topic of its own. */
  constructor({ addresses }: LocalCluster, topic: string) {
    this.#producer = connect([...addresses], patient)
    this.appends = new SteadyAppends(this.#producer, topic, inFlight)
    this.tails = addresses.map((address) => new Tail(address, topic))
    this.#workers = [0, 1].map(() => new Worker([...addresses], topic, this.#handled))
  }

  /** Resolves once an append that was begun from now on is acknowledged; gives how long that took. */
  async nextAcknowledged(): Promise<number> {
    const began = performance.now()
    const { acknowledged } = this.appends
    // Those under way may have been acknowledged before, and their answers not have come.
    await acknowledged.reaches(acknowledged.count + inFlight + 1)
    return performance.now() - began
  }

  /**
   * Ends the appends, and waits until all readers and consumers have everything. Gives what was
   * acknowledged, each with its place, in the order of the log; and what each reader got.
   */
  async finish(): Promise<{ acknowledged: string[]; tails: string[][] }> {
    await this.appends.end()
    const { texts, ids } = this.appends
    const events = texts.map((text, at) => ({ text, id: ids[at]! }))
    events.sort((first, second) => (first.id < second.id ? -1 : 1))
    await Promise.all(this.tails.map(({ arrived }) => arrived.reaches(texts.length)))
    await this.#handled.arrived.reaches(texts.length)
    return {
      acknowledged: events.map(({ text }, at) => `#${at + 1} ${text}`),
      tails: this.tails.map((tail) => tail.events),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Where a test has failed, they go on until the client closes.
    this.appends.end().catch(() => undefined)
    await this.#producer.close()
    await Promise.all([...this.tails, ...this.#workers].map((one) => one.close()))
  }
}

/** A reader that follows, by way of one member. */
class Tail {
  readonly events: string[] = []
  readonly arrived = new Tally()
  readonly #log: Client
  readonly #ended: Promise<void>

  constructor(address: string, topic: string) {
    this.#log = connect(address, patient)
    this.#ended = untilClosed(async () => {
      for await (const event of this.#log.read(topic, { follow: true })) {
        this.events.push(`#${event.sequence} ${event.text()}`)
        this.arrived.add()
      }
    })
  }

  async close(): Promise<void> {
    await this.#log.close()
    await this.#ended
  }
}

/** Events that some consumer has handled, each once however often it came. */
class Handled {
  readonly arrived = new Tally()
  readonly #texts = new Set<string>()

  add(text: string): void {
    if (this.#texts.has(text)) return
    this.#texts.add(text)
    this.arrived.add()
  }
}

/** One of the consumers that share the topic. It acknowledges everything. */
class Worker {
  readonly #handled: Handled
  readonly #log: Client
  readonly #ended: Promise<void>

  constructor(addresses: string[], topic: string, handled: Handled) {
    this.#handled = handled
    this.#log = connect(addresses, patient)
    this.#ended = untilClosed(async () => {
      for await (const delivery of this.#log.consumer(topic, 'worker')) {
        this.#handled.add(delivery.event.text())
        delivery.ack().catch((error: unknown) => {
          if (!isPassed(error)) throw error
        })
      }
    })
  }

  async close(): Promise<void> {
    await this.#log.close()
    await this.#ended
  }
}

async function untilClosed(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isGoetheError(error, 'GOETHE_CLOSED')) throw error
  }
}

/** The event goes to another instance, or to this one once more; or the test is over. */
function isPassed(error: unknown): boolean {
  return isGoetheError(error, 'GOETHE_DELIVERY_EXPIRED') || isGoetheError(error, 'GOETHE_CLOSED')
}
