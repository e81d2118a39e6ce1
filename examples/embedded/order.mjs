// An order as a pure state machine: commands are decided into events, events evolve the state. No
// log, no clock, no promise: this is the part that is worth testing a hundred times a second.

/**
 * @typedef {{ type: 'placed', orderId: string, customer: string }
 *   | { type: 'added', orderId: string, item: string, copies: number, cents: number }
 *   | { type: 'paid', orderId: string, cents: number }
 *   | { type: 'cancelled', orderId: string, reason: string }} OrderEvent
 *
 * @typedef {{ type: 'place', orderId: string, customer: string }
 *   | { type: 'add', orderId: string, item: string, copies: number, cents: number }
 *   | { type: 'pay', orderId: string }
 *   | { type: 'cancel', orderId: string, reason: string }} OrderCommand
 *
 * @typedef {{ status: 'new' | 'open' | 'paid' | 'cancelled', totalCents: number }} Order
 */

/** What the shop says to a command that cannot be carried out. */
export class Refused extends Error {}

/** @type {Readonly<Order>} */
export const newOrder = { status: 'new', totalCents: 0 }

/**
 * The events that a command leads to, given what happened so far. Throws Refused.
 *
 * @param {Order} order
 * @param {OrderCommand} command
 * @returns {OrderEvent[]}
 */
export function decide(order, command) {
  const { orderId } = command
  if (command.type === 'place') {
    if (order.status !== 'new') throw new Refused(`Order ${orderId} was placed before`)
    return [{ type: 'placed', orderId, customer: command.customer }]
  }
  if (order.status !== 'open') throw new Refused(`Order ${orderId} is ${order.status}, not open`)
  switch (command.type) {
    case 'add': {
      const { item, copies, cents } = command
      if (!(copies > 0)) throw new Refused(`${copies} copies of ${item} cannot be ordered`)
      return [{ type: 'added', orderId, item, copies, cents }]
    }
    case 'pay':
      if (order.totalCents === 0) throw new Refused(`Order ${orderId} is empty`)
      return [{ type: 'paid', orderId, cents: order.totalCents }]
    case 'cancel':
      return [{ type: 'cancelled', orderId, reason: command.reason }]
  }
}

/**
 * @param {Order} order
 * @param {OrderEvent} event
 * @returns {Order}
 */
export function evolve(order, event) {
  switch (event.type) {
    case 'placed':
      return { ...order, status: 'open' }
    case 'added':
      return { ...order, totalCents: order.totalCents + event.copies * event.cents }
    case 'paid':
      return { ...order, status: 'paid' }
    case 'cancelled':
      return { ...order, status: 'cancelled' }
  }
}
