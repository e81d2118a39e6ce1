// Faults that do not arrive would let every run pass.
import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tempFolder } from '../../packages/core/tests-support/temp-folder.js'
import { Disk } from './disk.js'
import { FaultControl } from './fault-control.js'
import { whatIsMissing } from './machine.js'
import { NativeFaults } from './native-faults.js'

const missing = await whatIsMissing()
const hourMs = 3_600_000

/** What a program prints that runs with the library, with these faults. */
async function underFaults(begin: (control: FaultControl) => void, program: string) {
  await using folder = await tempFolder()
  const { library } = await NativeFaults.compile(folder.path)
  const control = new FaultControl(join(folder.path, 'control'))
  begin(control)
  const environment = { LD_PRELOAD: library, FAULT_CONTROL: control.path, FAULT_PATH: folder.path }
  const env = { ...process.env, ...environment }
  const args = ['--eval', program, join(folder.path, 'file')]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  control.close()
  return stdout.trim()
}

const codeOf = (call: string) => `
const file = fs.openSync(process.argv[1], 'w')
try { ${call}; console.log('fine') } catch ({ code }) { console.log(code) }`

test.skipIf(missing !== undefined)('a clock jumps', async () => {
  const behind = await underFaults(
    (control) => control.clockAhead(-hourMs),
    'console.log(Date.now())',
  )
  expect(Date.now() - Number(behind)).toBeGreaterThanOrEqual(hourMs)
})

test.skipIf(missing !== undefined)('syncs and writes fail', async () => {
  const [sync, write] = ['fs.fdatasyncSync(file)', "fs.writeSync(file, 'x')"].map(codeOf)
  expect(await underFaults(() => undefined, sync!)).toBe('fine')
  expect(await underFaults((control) => control.failSyncs(100), sync!)).toBe('EIO')
  expect(await underFaults((control) => control.failSyncs(100), write!)).toBe('fine')
  expect(await underFaults((control) => control.failWrites(100), write!)).toBe('EIO')
})

test.skipIf(missing !== undefined)(
  'a disk that loses its power forgets what was not synced',
  async () => {
    await using folder = await tempFolder()
    const disk = await Disk.create(folder.path, 'disk', await NativeFaults.compile(folder.path))
    try {
      const file = await open(join(disk.path, 'file'), 'w')
      await file.write('synced')
      await file.sync()
      await file.write(', and not')
      await disk.losePower()
      await file.close()
      await disk.unmount()
      await disk.mount()
      expect(await readFile(join(disk.path, 'file'), 'utf8')).toBe('synced')
    } finally {
      await disk.destroy()
    }
  },
)
