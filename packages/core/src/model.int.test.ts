import { ClassicLevel } from 'classic-level'
import { MemoryLevel } from 'memory-level'
import { it } from 'vitest'
import { LogMachine } from '../tests-support/log-machine.js'
import { assertForSeeds, randomTimeout } from '../tests-support/seeds.js'
import { tempFolder } from '../tests-support/temp-folder.js'

it('does on LevelDB what its model does', { timeout: randomTimeout }, async () => {
  await assertForSeeds(12, async (random) => {
    await using folder = await tempFolder()
    await new LogMachine({
      random,
      // A new object each time: all that it knows it has from the disk.
      open: () => new ClassicLevel(folder.path),
      openCopy: () => new MemoryLevel(),
      steps: 60,
    }).run()
  })
})
