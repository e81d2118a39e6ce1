/**
 * What a flipped bit or a torn file of LevelDB's leads to. Nothing may be read that was not
 * appended; whatever is missing must be noticed, except what LevelDB itself drops without a word.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { cp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Original, type Outcome, nameOf } from '../tests-support/damage.js'
import { program } from '../tests-support/programs.js'
import { Random } from '../tests-support/random.js'
import { assertForSeeds, randomTimeout } from '../tests-support/seeds.js'
import { type TempFolder, tempFolder } from '../tests-support/temp-folder.js'
import { EventLog } from './index.js'

const topics = ['a', 'b', 'c', 'long'.repeat(20)]
const folders: TempFolder[] = []

async function original(kind: 'log' | 'table' | 'both'): Promise<Original> {
  const folder = await tempFolder()
  folders.push(folder)
  const random = new Random(7)
  const level = new ClassicLevel(folder.path, { compression: kind !== 'both' })
  const log = await EventLog.open(level)
  const append = async (commits: number): Promise<void> => {
    for (let count = 0; count < commits; count++) {
      const some = random.shuffle(topics).slice(0, random.int(1, 3))
      const entries = some.map((topic) => ({
        topic,
        payloads: Array.from({ length: random.int(1, 5) }, () => random.bytes(random.int(0, 60))),
      }))
      await log.appendAll(entries)
    }
  }
  // More than the 32 KiB that LevelDB drops together where its write-ahead log is damaged.
  await append(kind === 'log' ? 300 : 60)
  await log.cursor('a', 'reader').commit((await log.seek('a', 3))!)
  await log.setRetention('b', { count: 1000 })
  await log.append('b', new Uint8Array(9), { producer: { id: 'p', sequence: 1 } })
  if (kind !== 'log') await level.compactRange('', '\uffff')
  if (kind === 'both') await append(40)
  const all = await log.read('*').toArray()
  await log.close()
  const events = all.map((event) => {
    return [nameOf(event), Buffer.from(event.payload).toString('hex')] as const
  })
  const original: Original = { path: folder.path, topics, events }
  await writeFile(originalFileOf(folder.path), JSON.stringify(original))
  return original
}

const originalFileOf = (path: string): string => `${path}.json`

const originals = new Map<string, Original>()
let reader: string
beforeAll(async () => {
  reader = await program('damage-reader')
  for (const kind of ['log', 'table', 'both'] as const) originals.set(kind, await original(kind))
})
afterAll(async () => {
  for (const folder of folders) {
    await rm(originalFileOf(folder.path))
    await folder[Symbol.asyncDispose]()
  }
  await rm(reader)
})

/** Reads damaged databases in a process of its own, a new one where LevelDB ended it. */
class DamageReader {
  readonly #originalFile: string
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined

  constructor(originalFile: string) {
    this.#originalFile = originalFile
  }

  async outcomeOf(path: string): Promise<Outcome> {
    this.#child ??= spawn(process.execPath, [reader, this.#originalFile], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const child = this.#child
    const answer = new Promise<Outcome>((resolve) => {
      child.stdout.once('data', (line: Buffer) => {
        resolve(line.toString().trim() as Outcome)
      })
      child.once('exit', () => {
        this.#child = undefined
        resolve('aborted')
      })
    })
    child.stdin.write(`${path}\n`)
    const outcome = await answer
    child.stdout.removeAllListeners('data')
    child.removeAllListeners('exit')
    return outcome
  }

  close(): void {
    this.#child?.kill()
  }
}

async function filesOf(path: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(path)).filter((name) => pattern.test(name))
}

async function countOutcomes(
  kind: 'log' | 'table' | 'both',
  trials: number,
  damage: (path: string, random: Random) => Promise<string>,
): Promise<Map<Outcome, string[]>> {
  const outcomes = new Map<Outcome, string[]>()
  await assertForSeeds(1, async (random) => {
    const source = originals.get(kind)!
    const damageReader = new DamageReader(originalFileOf(source.path))
    for (let trial = 0; trial < trials; trial++) {
      await using folder = await tempFolder()
      await cp(source.path, folder.path, { recursive: true })
      const what = await damage(folder.path, random)
      const outcome = await damageReader.outcomeOf(folder.path)
      if (outcome.startsWith('WRONG')) throw new Error(`${what}: ${outcome}`)
      outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), what])
    }
    damageReader.close()
  })
  return outcomes
}

async function flip(path: string, pattern: RegExp, random: Random): Promise<string> {
  const name = random.pick(await filesOf(path, pattern))
  const bytes = await readFile(join(path, name))
  const at = random.int(0, bytes.length - 1)
  const bits = 1 << random.int(0, 7)
  bytes[at]! ^= bits
  await writeFile(join(path, name), bytes)
  return `${name} byte ${at} of ${bytes.length} ^ ${bits}`
}

function summary(outcomes: Map<Outcome, string[]>): string {
  return [...outcomes].map(([outcome, { length }]) => `${outcome} ${length}`).join(', ')
}

describe('damage to the files of LevelDB', { timeout: randomTimeout }, () => {
  // Where LevelDB's own assertion ends the process, nothing false is told either.
  it.each(['table', 'both'] as const)('notices a flipped bit in a table (%s)', async (kind) => {
    const outcomes = await countOutcomes(kind, 25, (path, random) => flip(path, /\.ldb$/, random))
    console.log(`flips in tables (${kind}): ${summary(outcomes)}`)
    expect(outcomes.get('lost silently') ?? []).toEqual([])
    expect(outcomes.get('lost end') ?? []).toEqual([])
  })

  it('reads nothing false after a flipped bit in the write-ahead log', async () => {
    const outcomes = await countOutcomes('log', 25, (path, random) => flip(path, /\.log$/, random))
    console.log(`flips in the write-ahead log: ${summary(outcomes)}`)
    expect(outcomes.get('lost silently') ?? []).toEqual([])
  })

  it('reads nothing false from a write-ahead log that is torn', async () => {
    const outcomes = await countOutcomes('both', 15, async (path, random) => {
      const [name] = await filesOf(path, /\.log$/)
      const { length } = await readFile(join(path, name!))
      const left = random.int(0, length - 1)
      await truncate(join(path, name!), left)
      return `${name} cut to ${left} of ${length}`
    })
    console.log(`torn write-ahead logs: ${summary(outcomes)}`)
    expect(outcomes.get('lost silently') ?? []).toEqual([])
  })

  it('refuses a manifest with a flipped bit, or opens all of it', async () => {
    const outcomes = await countOutcomes('both', 15, (path, random) =>
      flip(path, /^(MANIFEST|CURRENT)/, random),
    )
    console.log(`flips in MANIFEST and CURRENT: ${summary(outcomes)}`)
    expect(outcomes.get('lost silently') ?? []).toEqual([])
  })
})
