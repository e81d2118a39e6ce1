/** @import { BatchOperation, EventLog, LogEvent } from '@goethe/core' */
/** @import { ClassicLevel } from 'classic-level' */
/** @import { OrderEvent } from './order.mjs' */

/**
 * How much was sold, kept in a sublevel of the log's own database.
 *
 * The entry and the cursor are changed in one atomic batch. Adding to a sum is not idempotent, and
 * need not be: wherever the process dies, each event has been counted once or not yet.
 */
export class SalesProjection {
  #log
  #sales

  /**
   * @param {EventLog} log
   * @param {ClassicLevel} database
   */
  constructor(log, database) {
    this.#log = log
    this.#sales = database.sublevel('sales', { valueEncoding: 'json' })
  }

  /** Counts what came since the last time; resolves with the number of events that were looked at. */
  async catchUp() {
    const cursor = this.#log.cursor('orders', 'sales')
    let events = 0
    for await (const event of cursor.read()) {
      await cursor.commit(event, { operations: await this.#changes(event) })
      events++
    }
    return events
  }

  /** @param {'paid orders' | 'paid cents'} name */
  async total(name) {
    return Number((await this.#sales.get(name)) ?? 0)
  }

  /**
   * @param {LogEvent} event
   * @returns {Promise<BatchOperation[]>}
   */
  async #changes(event) {
    const fact = /** @type {OrderEvent} */ (event.json())
    if (fact.type !== 'paid') return []
    const orders = (await this.total('paid orders')) + 1
    const cents = (await this.total('paid cents')) + fact.cents
    return [
      { type: 'put', sublevel: this.#sales, key: 'paid orders', value: orders },
      { type: 'put', sublevel: this.#sales, key: 'paid cents', value: cents },
    ]
  }
}
