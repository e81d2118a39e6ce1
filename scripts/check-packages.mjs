// What users get is the tarball, not this folder. So the packages are packed, looked at, installed
// into a project outside the workspace, type-checked there and run.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run, runTool } from './run.mjs'
import { packages, pnpm } from './set-up.mjs'

/** Throws with what is wrong with any of the packages. */
export async function checkPackages() {
  // Outside the workspace, or else Node would find in its node_modules what a package forgot.
  const folder = mkdtempSync(join(tmpdir(), 'goethe-packages-'))
  try {
    const published = packages().filter(({ manifest }) => manifest.private !== true)
    const names = published.map(({ manifest }) => manifest.name)
    const tarballs = await pack(names, folder)
    for (const { manifest } of published) {
      const tarball = /** @type {string} */ (tarballs.get(manifest.name))
      await runTool('publint/src/cli.js', ['run', tarball, '--strict'])
      // A package that is only a command has nothing to import.
      if (manifest.exports !== undefined) {
        await runTool('@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'esm-only'])
      }
    }
    await checkConsumer(join(folder, 'consumer'), [...tarballs.values()])
    return names.join(', ')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Packs packages, and resolves with their tarballs by their names.
 *
 * @param {string[]} names
 * @param {string} destination
 */
async function pack(names, destination) {
  const chosen = names.map((name) => `--filter=${name}`)
  const args = ['--yes', pnpm, '--recursive', ...chosen, 'pack', '--json']
  /** @type {{ name: string, filename: string }[]} */
  const packed = JSON.parse(await run('npx', [...args, '--pack-destination', destination]))
  const tarballs = new Map(packed.map(({ name, filename }) => [name, filename]))
  const missing = names.find((name) => !tarballs.has(name))
  if (missing !== undefined) throw new Error(`pnpm has not packed ${missing}`)
  return tarballs
}

/**
 * @param {string} folder
 * @param {string[]} tarballs
 */
async function checkConsumer(folder, tarballs) {
  cpSync(join(root, 'tests/consumer'), folder, { recursive: true })
  const install = ['install', '--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline']
  await run('npm', [...install, ...tarballs], { cwd: folder })
  const configs = readdirSync(folder).filter((name) => /^tsconfig\..*\.json$/.test(name))
  for (const config of configs) await runTool('typescript/bin/tsc', ['-p', config], { cwd: folder })
  await run(process.execPath, [join(folder, 'out/consumer.js')], { cwd: folder })
}
