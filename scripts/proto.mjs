// The proto files, and the code that is generated from them and committed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { root, run } from './run.mjs'
import { filesIn } from './unless-done.mjs'

const folder = join(root, 'packages/protocol')
const bin = join(folder, 'node_modules/.bin')

/** What the last release published, as an image of buf; there is none before the first. */
const released = join(folder, 'released.binpb')

/** Formats the proto files and generates the code anew. */
export async function generate() {
  await buf('format', '--write')
  await buf('generate')
  return ''
}

/**
 * Throws with what is wrong: proto files that do not keep the rules, break what was released, or are
 * not those that the committed code was generated from.
 */
export async function checkGenerated() {
  await buf('lint')
  await buf('format', '--diff', '--exit-code')
  const isReleased = existsSync(released)
  if (isReleased) await buf('breaking', '--against', released)
  await compare()
  return isReleased ? '' : 'nothing is released yet that could break'
}

async function compare() {
  const output = mkdtempSync(join(tmpdir(), 'goethe-generated-'))
  try {
    await buf('generate', '--output', output)
    const expected = contentsIn(join(output, 'src/gen'))
    const actual = contentsIn(join(folder, 'src/gen'))
    const names = [...new Set([...expected.keys(), ...actual.keys()])].sort()
    const wrong = names.filter((name) => expected.get(name) !== actual.get(name))
    if (wrong.length === 0) return
    throw new Error(
      `In packages/protocol/src/gen are files that are not as generated; npm run generate corrects ` +
        `it\n${wrong.join('\n')}`,
    )
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

/**
 * The contents of files by their paths below a folder.
 *
 * @param {string} path
 */
function contentsIn(path) {
  return new Map(filesIn(path).map((file) => [relative(path, file), readFileSync(file, 'latin1')]))
}

/** @param {string[]} args */
async function buf(...args) {
  const script = join(folder, 'node_modules/@bufbuild/buf/bin/buf')
  if (!existsSync(script)) throw new Error('buf is missing: has the install been interrupted?')
  // It looks for the generator of the code as a command.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
  await run(process.execPath, [script, ...args], { cwd: folder, env })
}
