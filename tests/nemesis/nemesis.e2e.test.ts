// Real faults of processes, networks, disks and clocks happen to a cluster, by chance, from a seed.
import { expect, test } from 'vitest'
import { whatIsMissing } from './machine.js'
import { runNemesis } from './run.js'

const missing = await whatIsMissing()
const minutes = Number(process.env.NEMESIS_MINUTES ?? 0.2)
const seed = Number(process.env.NEMESIS_SEED ?? Math.trunc(Math.random() * 1e6))
const isLong = minutes > 1

test.skipIf(missing !== undefined)(
  `what was acknowledged outlives whatever happens${missing === undefined ? '' : ` (needs ${missing})`}`,
  async () => {
    const result = await runNemesis({
      seed,
      faultsMs: minutes * 60_000,
      faultMsMax: isLong ? 20_000 : 2_500,
      log: (line) => {
        if (isLong) console.log(line)
      },
    })
    const { folder, ...rest } = result
    console.log(`nemesis: seed ${seed}, ${JSON.stringify(rest)}`)
    const again = `npm run nemesis -- --minutes ${minutes} --seed ${seed}`
    expect(result.problems.join('\n'), `${again}; logs are in ${folder}`).toBe('')
    expect(result.acknowledged).toBeGreaterThan(0)
  },
  minutes * 60_000 + 500_000,
)
