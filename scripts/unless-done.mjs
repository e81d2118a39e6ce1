import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

/** Where the commands keep what may be lost: a clean install starts without it. */
export const cacheFolder = join(root, 'node_modules/.cache/goethe')

/** What `unlessDone` resolves with when there was nothing to do. */
export const unchanged = 'nothing has changed'

/**
 * Does `work` unless it was done before with the same inputs, and nobody has written or removed the
 * outputs since.
 *
 * @param {string} name
 * @param {string[]} inputs files whose content counts
 * @param {string[]} outputs files whose time of change counts
 * @param {string} stampFolder where it remembers
 * @param {() => Promise<unknown>} work
 */
export async function unlessDone(name, inputs, outputs, stampFolder, work) {
  const stamp = join(stampFolder, `${name.replaceAll(/\W+/g, '-')}.stamp`)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(inputs, outputs)) {
    return unchanged
  }
  await work()
  const missing = outputs.find((path) => !existsSync(path))
  if (missing !== undefined) throw new Error(`${name} has ended without writing ${missing}`)
  mkdirSync(stampFolder, { recursive: true })
  writeFileSync(stamp, fingerprint(inputs, outputs))
  return ''
}

/**
 * The files in a folder and below it, but for what is installed or built there, in a stable order.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesIn(path) : [path]
    })
    .sort()
}

/**
 * @param {string[]} inputs
 * @param {string[]} outputs
 */
function fingerprint(inputs, outputs) {
  const hash = createHash('sha256')
  // Libraries with native code are of one platform, and all of them of any version of Node: the
  // other one, on which `npm test` runs the tests again, must not install and build once more.
  hash.update(`${process.platform} ${process.arch}\n`)
  for (const path of inputs) {
    const content = readFileSync(path)
    hash.update(`${path} ${content.length}\n`).update(content)
  }
  for (const path of outputs) {
    hash.update(`${path} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 'missing'}\n`)
  }
  return hash.digest('hex')
}
