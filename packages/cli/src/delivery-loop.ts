/**
 * Takes deliveries from a consumer and handles a few at a time, until somebody says that it is
 * enough. What is being handled then is waited for; what was not begun is given back.
 */
import type { ConsumerApi, Delivery } from '@goethe/core'

export interface DeliveryLoopOptions {
  /** Handles one delivery to the end. */
  handle(delivery: Delivery): Promise<void>
  /** Deliveries that are handled at the same time. */
  parallel: number
  /** Deliveries to take; no limit when undefined. */
  limit: number | undefined
  /** True when nothing is left to do; asked when nothing is under way. */
  isDrained?: (() => Promise<boolean>) | undefined
  signal: AbortSignal
}

/** Events that ran out of attempts are set aside without anybody being told: so it is asked again. */
const drainCheckMs = 500

export async function runDeliveries(
  consumer: ConsumerApi,
  { handle, parallel, limit = Infinity, isDrained, signal }: DeliveryLoopOptions,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const enough = new Enough(signal)
  const checkDrained = async (): Promise<void> => {
    if (isDrained !== undefined && running.size === 0 && (await isDrained())) enough.say()
  }
  const check = (): void => void checkDrained().catch((error: unknown) => enough.fail(error))
  const timer = isDrained === undefined ? undefined : setInterval(check, drainCheckMs)
  check()
  try {
    const deliveries = consumer[Symbol.asyncIterator]()
    for (let taken = 0; taken < limit; taken++) {
      const delivery = await enough.or(deliveries.next())
      if (delivery === undefined || delivery.done) break
      const work = handle(delivery.value)
        .catch((error: unknown) => enough.fail(error))
        .finally(() => {
          running.delete(work)
          check()
        })
      running.add(work)
      if (running.size >= parallel) await Promise.race(running)
    }
  } finally {
    clearInterval(timer)
    await Promise.all(running)
    await consumer.close()
  }
  enough.rethrow()
}

/** That a loop has run long enough: its signal fired, its work is done, or something failed. */
class Enough {
  readonly #said: Promise<undefined>
  #say: () => void = () => undefined
  #failure: { error: unknown } | undefined

  constructor(signal: AbortSignal) {
    this.#said = new Promise((resolve) => {
      this.#say = () => {
        resolve(undefined)
      }
    })
    if (signal.aborted) this.#say()
    signal.addEventListener('abort', this.#say, { once: true })
  }

  say(): void {
    this.#say()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#say()
  }

  /** What comes, or undefined once it is enough. */
  or<Value>(coming: Promise<Value>): Promise<Value | undefined> {
    // It may reject when nobody waits for it any more.
    coming.catch(() => undefined)
    return Promise.race([this.#said, coming])
  }

  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
