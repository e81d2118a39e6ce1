// Sells without end, for the test that kills it: a line for each order that was paid.
import { ClassicLevel } from 'classic-level'
import { Shop } from './shop.mjs'

const shop = await Shop.open(new ClassicLevel(String(process.argv[2])))
for (let number = 1; ; number++) {
  const orderId = `${process.pid}-${number}`
  await shop.handle({ type: 'place', orderId, customer: 'Werther' })
  await shop.handle({ type: 'add', orderId, item: 'Faust', copies: 1, cents: number })
  await shop.handle({ type: 'pay', orderId })
  console.log(number)
  await shop.sales.catchUp()
}
