// Takes an order, and says what was sold so far. Each run goes on where the one before ended.
import { fileURLToPath } from 'node:url'
import { ClassicLevel } from 'classic-level'
import { Refused } from './order.mjs'
import { Shop } from './shop.mjs'

const directory = process.argv[2] ?? fileURLToPath(new URL('data', import.meta.url))
const shop = await Shop.open(new ClassicLevel(directory, { writeBufferSize: 64 * 1024 * 1024 }))

const orderId = String((await shop.log.topics({ prefix: 'order-', limit: 10_000 })).length + 1)
await shop.handle({ type: 'place', orderId, customer: 'Lotte' })
await shop.handle({ type: 'add', orderId, item: 'Faust', copies: 2, cents: 1450 })

// Two at once: one of them is decided anew, and both are there in the end.
await Promise.all([
  shop.handle({ type: 'add', orderId, item: 'Egmont', copies: 1, cents: 650 }),
  shop.handle({ type: 'add', orderId, item: 'Tasso', copies: 1, cents: 590 }),
])
await shop.handle({ type: 'pay', orderId })

try {
  await shop.handle({ type: 'cancel', orderId, reason: 'changed my mind' })
} catch (error) {
  if (!(error instanceof Refused)) throw error
  console.log(`Refused: ${error.message}`)
}

const events = await shop.sales.catchUp()
const orders = await shop.sales.total('paid orders')
const cents = await shop.sales.total('paid cents')
console.log(`${events} new events; sold so far: ${orders} orders, ${(cents / 100).toFixed(2)}`)
await shop.close()
