// The proto files, and the code that is generated from them and committed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { root, run } from './run.mjs'
import { filesIn } from './unless-done.mjs'

/** The package of our own protocol, which has the tools too. */
const protocol = join(root, 'packages/protocol')

/** The packages with proto files; those of the cluster are what it uses of etcd's. */
const folders = [protocol, join(root, 'packages/cluster')]

/** What the last release published, as an image of buf; there is none before the first. */
const released = join(protocol, 'released.binpb')

/** Formats the proto files and generates the code anew. */
export async function generate() {
  for (const folder of folders) {
    await buf(folder, 'format', '--write')
    await buf(folder, 'generate')
  }
  return ''
}

/**
 * Throws with what is wrong: proto files that do not keep the rules, break what was released, or are
 * not those that the committed code was generated from.
 */
export async function checkGenerated() {
  for (const folder of folders) {
    await buf(folder, 'lint')
    await buf(folder, 'format', '--diff', '--exit-code')
    await compare(folder)
  }
  const isReleased = existsSync(released)
  if (isReleased) await buf(protocol, 'breaking', '--against', released)
  return isReleased ? '' : 'nothing is released yet that could break'
}

/** @param {string} folder */
async function compare(folder) {
  const output = mkdtempSync(join(tmpdir(), 'goethe-generated-'))
  try {
    await buf(folder, 'generate', '--output', output)
    const expected = contentsIn(join(output, 'src/gen'))
    const actual = contentsIn(join(folder, 'src/gen'))
    const names = [...new Set([...expected.keys(), ...actual.keys()])].sort()
    const wrong = names.filter((name) => expected.get(name) !== actual.get(name))
    if (wrong.length === 0) return
    throw new Error(
      `In ${relative(root, folder)}/src/gen are files that are not as generated; npm run generate ` +
        `corrects it\n${wrong.join('\n')}`,
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

/**
 * @param {string} folder
 * @param {string[]} args
 */
async function buf(folder, ...args) {
  const bin = join(protocol, 'node_modules/.bin')
  const script = join(protocol, 'node_modules/@bufbuild/buf/bin/buf')
  if (!existsSync(script)) throw new Error('buf is missing: has the install been interrupted?')
  // It looks for the generator of the code as a command.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
  await run(process.execPath, [script, ...args], { cwd: folder, env })
}
