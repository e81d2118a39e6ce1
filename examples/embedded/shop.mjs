// The shop: orders are written by commands and read from a projection, both in one database.
//
//     order-7   the events of one order: what decides about its next event
//     orders    the events of all orders, in order: what projections read
//
// Both are written in one atomic append, so they cannot differ.
import { EventLog, isGoetheError } from '@goethe/core'
import { decide, evolve, newOrder } from './order.mjs'
import { SalesProjection } from './sales-projection.mjs'

/** @import { ClassicLevel } from 'classic-level' */
/** @import { Order, OrderCommand, OrderEvent } from './order.mjs' */

/** Somebody else may be faster, but not for ever. */
const attemptsMax = 10

const encoder = new TextEncoder()

export class Shop {
  /** @readonly */
  log
  /** @readonly */
  sales

  /**
   * @param {EventLog} log
   * @param {ClassicLevel} database
   */
  constructor(log, database) {
    this.log = log
    this.sales = new SalesProjection(log, database)
  }

  /** @param {ClassicLevel} database */
  static async open(database) {
    return new Shop(await EventLog.open(database), database)
  }

  /**
   * Carries out a command, and resolves with what happened. Throws Refused where it cannot be done.
   *
   * The decision rests on the events that were read. If another one came meanwhile, the log does not
   * take the append (`expect`), and the decision is made anew.
   *
   * @param {OrderCommand} command
   * @returns {Promise<OrderEvent[]>}
   */
  async handle(command) {
    const topic = topicOf(command.orderId)
    for (let attempt = 1; ; attempt++) {
      const { order, version } = await this.load(command.orderId)
      const events = decide(order, command)
      const payloads = events.map((event) => encoder.encode(JSON.stringify(event)))
      try {
        await this.log.appendAll([
          { topic, payloads, expect: version },
          { topic: 'orders', payloads },
        ])
        return events
      } catch (error) {
        if (!isGoetheError(error, 'GOETHE_CONFLICT') || attempt === attemptsMax) throw error
      }
    }
  }

  /**
   * An order as its events made it, and the number of them.
   *
   * @param {string} orderId
   * @returns {Promise<{ order: Order, version: number }>}
   */
  async load(orderId) {
    /** @type {Order} */
    let order = newOrder
    let version = 0
    for await (const event of this.log.read(topicOf(orderId))) {
      order = evolve(order, /** @type {OrderEvent} */ (event.json()))
      version = event.sequence
    }
    return { order, version }
  }

  close() {
    return this.log.close()
  }
}

/** @param {string} orderId */
function topicOf(orderId) {
  return `order-${orderId}`
}
