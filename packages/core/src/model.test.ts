import { MemoryLevel } from 'memory-level'
import { it } from 'vitest'
import { LogMachine } from '../tests-support/log-machine.js'
import { assertForSeeds, randomTimeout } from '../tests-support/seeds.js'

it('does in memory what its model does', { timeout: randomTimeout }, async () => {
  await assertForSeeds(60, async (random) => {
    const database = new MemoryLevel()
    await new LogMachine({
      random,
      open: () => database,
      openCopy: () => new MemoryLevel(),
      steps: 60,
    }).run()
  })
})
