import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Skip, run } from './run.mjs'

/**
 * Fetches what an npm package contains into a folder, unless it is there. For what is too large for
 * everybody's install, and is pinned where it is needed rather than in the lockfile.
 *
 * @param {string} folder
 * @param {string} spec the package and its version, as `name@1.2.3`
 * @param {string} integrity of its archive, as the registry has it
 * @param {(unpacked: string) => Promise<void>} [prepare] what else belongs to it, in the folder where it is
 *   unpacked
 */
export async function fetchPackage(folder, spec, integrity, prepare = async () => undefined) {
  if (existsSync(folder)) return
  // Unpacked beside its place and then renamed, so that an interruption leaves nothing half done.
  const unpacked = `${folder}.part-${process.pid}`
  mkdirSync(unpacked, { recursive: true })
  try {
    const pack = ['pack', spec, '--json', '--pack-destination', unpacked]
    const printed = await run('npm', pack).catch((error) => {
      throw new Skip(`npm cannot fetch ${spec}; is the registry in reach?`, { cause: error })
    })
    const [packed] = JSON.parse(printed)
    if (packed.integrity !== integrity) {
      throw new Error(`${spec} is not the one that is pinned: its integrity is ${packed.integrity}`)
    }
    const archive = join(unpacked, packed.filename)
    await run('tar', ['-xzf', archive, '-C', unpacked, '--strip-components=1'])
    rmSync(archive)
    await prepare(unpacked)
    renameSync(unpacked, folder)
  } finally {
    rmSync(unpacked, { recursive: true, force: true })
  }
}
