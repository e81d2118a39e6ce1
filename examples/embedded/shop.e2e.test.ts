import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ClassicLevel } from 'classic-level'
import { beforeEach, describe, expect, test } from 'vitest'
import type { OrderEvent } from './order.mjs'
import { Shop } from './shop.mjs'

const pathTo = (name: string) => fileURLToPath(new URL(name, import.meta.url))

describe('the shop as a process', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'goethe-shop-'))
    return () => rm(directory, { recursive: true, force: true })
  })

  test('a second run goes on with the sums of the first', async () => {
    const run = async () =>
      (await promisify(execFile)(process.execPath, [pathTo('main.mjs'), directory])).stdout
    expect(await run()).toContain('5 new events; sold so far: 1 orders, 41.40')
    expect(await run()).toContain('5 new events; sold so far: 2 orders, 82.80')
  })

  test('killed at any moment, it has counted each sale exactly once', async () => {
    let paidAtLeast = 0
    for (const orders of [1, 3, 7]) paidAtLeast += await sellAndDie(orders)

    const shop = await Shop.open(new ClassicLevel(directory))
    await shop.sales.catchUp()
    const paid = (await shop.log.read('orders').toArray())
      .map((event) => event.json<OrderEvent>())
      .filter((event) => event.type === 'paid')
    expect(paid.length).toBeGreaterThanOrEqual(paidAtLeast)
    expect(await shop.sales.total('paid orders')).toBe(paid.length)
    expect(await shop.sales.total('paid cents')).toBe(
      paid.reduce((sum, event) => sum + event.cents, 0),
    )
    await shop.close()
  })

  /** Resolves with the number of orders that were acknowledged before the end. */
  async function sellAndDie(orders: number): Promise<number> {
    const child = spawn(process.execPath, [pathTo('busy-shop.mjs'), directory])
    const ended = once(child, 'exit')
    let sold = 0
    for await (const line of createInterface(child.stdout)) {
      sold = Number(line)
      if (sold === orders) child.kill('SIGKILL')
    }
    await ended
    return sold
  }
})
