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
    const tarballs = []
    for (const { folder: source, manifest } of published) {
      const tarball = await pack(source, folder)
      await runTool('publint/src/cli.js', ['run', tarball, '--strict'])
      // A package that is only a command has nothing to import.
      if (manifest.exports !== undefined) {
        await runTool('@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'esm-only'])
      }
      tarballs.push(tarball)
    }
    await checkConsumer(join(folder, 'consumer'), tarballs)
    return published.map(({ manifest }) => manifest.name).join(', ')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} source
 * @param {string} destination
 */
async function pack(source, destination) {
  const args = ['--yes', pnpm, 'pack', '--json', '--pack-destination', destination]
  return String(JSON.parse(await run('npx', args, { cwd: source })).filename)
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
