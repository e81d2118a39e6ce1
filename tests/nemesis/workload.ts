/** Clients of all members: they append, follow, and share the handling, and remember what came. */
import { type Client, connect } from '@goethe/client'
import { GoetheError, isGoetheError } from '@goethe/core'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../../packages/cluster/src/simulation/random.js'
import { Tally } from '../server/tally.js'

/** The topics; the first one is consumed. */
export const topics = ['orders', 'payments', 'letters'] as const

/** Longer than any run: who appends with it waits until the cluster is well again. */
const patientMs = 3_600_000
const impatientMs = 1_500
const closeMsMax = 5_000
/** Mean pause of each of those who append, in milliseconds: the machine is not the subject. */
const pauseMs = 20

/** One append, and what became of it. */
export interface Attempt {
  readonly topic: string
  readonly texts: readonly string[]
  /** The highest id that was acknowledged to anybody when this append began. */
  readonly idBefore: bigint
  /** The id of its first event, once acknowledged. */
  id?: bigint
  /** Why it failed. */
  code?: string
}

/** An event as some reader got it. */
export interface Seen {
  readonly id: bigint
  readonly topic: string
  readonly sequence: number
  readonly text: string
}

export class Workload implements AsyncDisposable {
  readonly attempts: Attempt[] = []
  readonly acknowledged = new Tally()
  /** By the member that each follows. */
  readonly tails: readonly Tail[]
  readonly handled = new Set<string>()
  /** How readers and consumers ended though nobody had told them to. */
  readonly brokenOff: string[] = []
  /** Longest time without any acknowledgement, in milliseconds. */
  longestGapMs = 0
  readonly #clients: Client[] = []
  readonly #running: Promise<unknown>[] = []
  #lastAcknowledged = performance.now()
  #idMax = 0n
  #isEnding = false

  constructor(addresses: readonly string[], seed: number) {
    this.tails = addresses.map((address) => new Tail(this.#connect([address], patientMs)))
    for (const tail of this.tails) this.#go(tail.run())
    for (let index = 0; index < 2; index++) {
      this.#go(this.#handle(this.#connect(rotate(addresses, index), patientMs)))
    }
    for (let index = 0; index < 8; index++) {
      const deadlineMs = index < 5 ? patientMs : impatientMs
      const client = this.#connect(rotate(addresses, index), deadlineMs)
      this.#running.push(this.#append(client, index, new Random(seed * 100 + index)))
    }
  }

  /** Resolves once something is acknowledged that was begun from now on. */
  async nextAcknowledged(): Promise<void> {
    const begun = this.attempts.length
    while (!this.attempts.slice(begun).some(({ id }) => id !== undefined)) {
      await this.acknowledged.reaches(this.acknowledged.count + 1)
    }
  }

  /** Begins nothing more; resolves once everything that was begun has an answer. */
  async end(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    const closed = this.#clients.map((client) => client.close())
    // Closing waits for answers, and a cluster that is not well gives none.
    await Promise.race([Promise.all([...closed, ...this.#running]), pause(closeMsMax)])
  }

  #connect(addresses: readonly string[], deadlineMs: number): Client {
    const client = connect([...addresses], { deadlineMs, connectTimeoutMs: deadlineMs })
    this.#clients.push(client)
    return client
  }

  #go(work: Promise<void>): void {
    void work.catch((error: unknown) => {
      if (!isGoetheError(error, 'GOETHE_CLOSED')) this.brokenOff.push(String(error))
    })
  }

  async #append(client: Client, name: number, random: Random): Promise<void> {
    for (let turn = 0; !this.#isEnding; turn++) {
      const topic = random.pick(topics)
      const texts = Array.from(
        { length: random.chance(0.8) ? 1 : 1 + random.below(20) },
        (_, index) => `${name}.${turn}.${index} ${'x'.repeat(random.below(200))}`,
      )
      const attempt: Attempt = { topic, texts, idBefore: this.#idMax }
      this.attempts.push(attempt)
      try {
        const payloads = texts.map((text) => Buffer.from(text))
        const { firstId } = await client.append(topic, payloads)
        attempt.id = firstId
        if (firstId > this.#idMax) this.#idMax = firstId
        this.#noteAcknowledged()
      } catch (error) {
        attempt.code = error instanceof GoetheError ? error.code : String(error)
      }
      await pause(2 * pauseMs * random.next())
    }
  }

  #noteAcknowledged(): void {
    const now = performance.now()
    this.longestGapMs = Math.max(this.longestGapMs, now - this.#lastAcknowledged)
    this.#lastAcknowledged = now
    this.acknowledged.add()
  }

  async #handle(client: Client): Promise<void> {
    for await (const delivery of client.consumer(topics[0], 'worker')) {
      this.handled.add(delivery.event.text())
      // Where that is too late the event comes once more, to this one or to the other.
      delivery.ack().catch(() => undefined)
    }
  }
}

/** Follows all topics by way of one member. */
export class Tail {
  readonly seen: Seen[] = []
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async run(): Promise<void> {
    for await (const { id, topic, sequence, payload } of this.#client.read('*', { follow: true })) {
      this.seen.push({ id, topic, sequence, text: Buffer.from(payload).toString() })
    }
  }
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  return items.map((_, index) => items[(index + by) % items.length]!)
}
