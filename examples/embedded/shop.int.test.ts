import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { beforeEach, describe, expect, test } from 'vitest'
import { Shop } from './shop.mjs'

describe('the shop', () => {
  let directory: string
  const openShop = () => Shop.open(new ClassicLevel(directory))

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goethe-shop-'))
    return () => rm(directory, { recursive: true, force: true })
  })

  test('an order is what its events made of it, also after a restart', async () => {
    let shop = await openShop()
    await placed(shop, '1')
    await shop.close()

    shop = await openShop()
    await shop.handle({ type: 'pay', orderId: '1' })
    expect((await shop.load('1')).order).toEqual({ status: 'paid', totalCents: 2900 })
    await shop.close()
  })

  test('commands that meet are decided one after the other, and none is lost', async () => {
    const shop = await openShop()
    await placed(shop, '1')
    const add = { type: 'add', orderId: '1', item: 'Egmont', copies: 1, cents: 100 } as const
    await Promise.all(Array.from({ length: 8 }, () => shop.handle(add)))
    expect((await shop.load('1')).order.totalCents).toBe(2900 + 8 * 100)
    await shop.close()
  })

  test('of two payments that meet one is refused', async () => {
    const shop = await openShop()
    await placed(shop, '1')
    const pay = () => shop.handle({ type: 'pay', orderId: '1' })
    const results = await Promise.allSettled([pay(), pay()])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await shop.sales.catchUp()
    expect(await shop.sales.total('paid orders')).toBe(1)
    await shop.close()
  })

  test('the projection counts each event once, however often it is interrupted', async () => {
    for (const orderId of ['1', '2', '3']) {
      const shop = await openShop()
      await placed(shop, orderId)
      await shop.handle({ type: 'pay', orderId })
      expect(await shop.sales.catchUp()).toBe(3)
      expect(await shop.sales.catchUp()).toBe(0)
      await shop.close()
    }
    const shop = await openShop()
    expect(await shop.sales.total('paid orders')).toBe(3)
    expect(await shop.sales.total('paid cents')).toBe(3 * 2900)
    await shop.close()
  })
})

async function placed(shop: Shop, orderId: string): Promise<void> {
  await shop.handle({ type: 'place', orderId, customer: 'Lotte' })
  await shop.handle({ type: 'add', orderId, item: 'Faust', copies: 2, cents: 1450 })
}
