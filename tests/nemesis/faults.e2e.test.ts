// Faults that do not arrive would let every run pass.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TempFolder, tempFolder } from '../../packages/core/tests-support/temp-folder.js'
import { Disk } from './disk.js'
import { FaultControl } from './fault-control.js'
import { whatIsMissing } from './machine.js'
import { NativeFaults } from './native-faults.js'
import { Network } from './network.js'

const missing = await whatIsMissing()
const hourMs = 3_600_000
let compiled: TempFolder
let native: NativeFaults

beforeAll(async () => {
  compiled = await tempFolder()
  if (missing === undefined) native = await NativeFaults.compile(compiled.path)
})
afterAll(() => compiled[Symbol.asyncDispose]())

/** What a program prints that runs with the library, with these faults. */
async function underFaults(begin: (control: FaultControl) => void, program: string) {
  await using folder = await tempFolder()
  const { library } = native
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
    const disk = await Disk.create(folder.path, 'disk', native)
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

/** Counts what comes to it, and what of that came before, or was sent before what came already. */
const receiver = `
const socket = require('node:dgram').createSocket('udp4')
const seen = new Set()
let [last, twice, late] = [-1, 0, 0]
socket.on('message', (bytes) => {
  const text = String(bytes).trim()
  if (text === 'end') { console.log(JSON.stringify({ twice, late })); process.exit() }
  const number = Number(text)
  if (seen.has(number)) twice++
  else if (number < last) late++
  seen.add(number)
  last = Math.max(last, number)
})
socket.bind(9000, () => console.log('ready'))`

/** Sends numbers, a few at a time, and says often that this was all. */
const sender = `
const socket = require('node:dgram').createSocket('udp4')
let number = 0
setInterval(() => {
  for (let count = 0; count < 10; count++) {
    const text = number >= 1000 ? 'end' : String(number)
    socket.send(text.padEnd(1000), 9000, process.argv[1])
    number++
  }
}, 5)`

/** What arrives in order and once, does so not when this was done to the network. */
async function sent(disturb: (network: Network) => Promise<void>) {
  await using network = await Network.create(['one', 'other'])
  await disturb(network)
  const start = (host: string, program: string) => {
    const [command, ...args] = [...network.on(host), process.execPath, '--eval', program]
    return spawn(command!, [...args, network.address('other')])
  }
  const to = start('other', receiver)
  await once(to.stdout, 'data')
  const from = start('one', sender)
  const [counts] = await once(to.stdout, 'data')
  from.kill()
  return JSON.parse(String(counts)) as { twice: number; late: number }
}

test.skipIf(missing !== undefined)('packets come twice, and are overtaken', async () => {
  expect(await sent(() => Promise.resolve())).toEqual({ twice: 0, late: 0 })
  const copied = await sent((network) => {
    return network.copy([{ from: 'one', to: 'other', percent: 30 }])
  })
  expect(copied.twice).toBeGreaterThan(100)
  const reordered = await sent((network) => network.reorder('one', 20, 2_000))
  expect(reordered.late).toBeGreaterThan(0)
  expect(reordered.twice).toBe(0)
  const mended = await sent(async (network) => {
    await network.reorder('one', 20, 2_000)
    await network.keepOrder('one')
    const copies = [{ from: 'one', to: 'other' }]
    await network.copy(copies)
    await network.copyNoMore(copies)
  })
  expect(mended).toEqual({ twice: 0, late: 0 })
})
