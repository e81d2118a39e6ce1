import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { hasEtcd } from './cluster.mjs'
import { lossesAt } from './find-losses.mjs'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))

// It starts five processes, and one of them twice; the machine may have other things to do.
const timeout = 120_000

describe('a leader that is killed under load', () => {
  test.skipIf(!hasEtcd)('takes nothing along (needs etcd-server)', { timeout }, async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, '--kill-leader'])
    expect(stderr).toBe('')
    const [, old] = /^(goethe-\d) led\. It was killed/m.exec(stdout)!
    const [, next] = /^(goethe-\d) leads\. Appends went on/m.exec(stdout)!
    expect(next).not.toBe(old)
    expect(stdout).toMatch(/^Nothing was lost: /m)
  })
})

describe('whoever looks for losses', () => {
  const event = (sequence: number, number: number, id = BigInt(sequence)) => ({
    sequence,
    id,
    text: () => `${number}`,
  })
  const acknowledged = new Map([
    [0, 1n],
    [1, 2n],
  ])

  test.each([
    ['nothing', [event(1, 0), event(2, 1)], []],
    ['what is missing', [event(1, 0)], ['here has not got 1']],
    ['what came twice', [event(1, 0), event(2, 1), event(3, 1)], [/twice/, /under another id/]],
    ['a gap', [event(1, 0), event(3, 1, 2n)], [/gap/]],
    ['another id', [event(1, 0), event(2, 1, 7n)], [/under another id/]],
    ['another order', [event(1, 1, 2n), event(2, 0, 1n)], [/out of order/]],
    ['too much', [event(1, 0), event(2, 1), event(3, 2)], [/nobody has appended/]],
  ])('finds %s', (_, events, expected) => {
    const losses = lossesAt('here', events, acknowledged)
    expect(losses).toEqual(expected.map((text) => expect.stringMatching(text) as string))
  })
})
