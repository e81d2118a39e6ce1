// What every command needs first: dependencies installed and packages built. Each is done only when
// something has changed since the last time, so that a second `npm start` starts at once.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inParallel } from './in-parallel.mjs'
import { root, run, runTool } from './run.mjs'
import { step } from './step.mjs'
import { cacheFolder, filesIn, unchanged, unlessDone } from './unless-done.mjs'

/** The pinned package manager as npx wants it: `pnpm@` and a version. */
export const pnpm = String(readJson(join(root, 'package.json')).packageManager)

/**
 * The only package that must be built before those that depend on it: of all others they see the
 * sources (tsconfig.base.json).
 */
const seenAsBuilt = '@goethe/cluster'

/** Installs and builds; resolves with the reports of both. Without an install there is no build. */
export async function setUp() {
  const installed = await setUpTools()
  if (installed.result !== 'ok') return [installed]
  return [installed, await step('build', 'Building packages', build)]
}

/** Installs alone, for tools that must also work while the packages do not build. */
export function setUpTools() {
  return step('install', `Installing dependencies with ${pnpm}`, install)
}

/** The folders of the workspace that have a package.json: itself, and down to two levels below. */
export function members() {
  /** @param {string} folder @returns {string[]} */
  const inside = (folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .map(({ name }) => join(folder, name))
  return [root, ...inside(root).flatMap((folder) => [folder, ...inside(folder)])].filter((folder) =>
    existsSync(join(folder, 'package.json')),
  )
}

/**
 * The packages that have sources: their folders, and what their package.json says. Each comes
 * behind those that it depends on.
 */
export function packages() {
  const waiting = members()
    .filter((folder) => dirname(folder) === inRoot('packages') && existsSync(join(folder, 'src')))
    .map((folder) => ({ folder, manifest: readJson(join(folder, 'package.json')) }))
  const sorted = []
  while (waiting.length > 0) {
    const names = waiting.map(({ manifest }) => manifest.name)
    const next = waiting.findIndex(
      ({ manifest }) => !names.some((name) => name in (manifest.dependencies ?? {})),
    )
    if (next === -1) throw new Error(`These packages depend on each other: ${names.join(', ')}`)
    sorted.push(...waiting.splice(next, 1))
  }
  return sorted
}

function install() {
  const manifests = members().map((folder) => join(folder, 'package.json'))
  const inputs = [inRoot('pnpm-lock.yaml'), inRoot('pnpm-workspace.yaml'), ...manifests]
  // pnpm writes this file at the end of each install, also of one that somebody does by hand.
  const outputs = [inRoot('node_modules/.modules.yaml')]
  return unlessDone('install', inputs, outputs, cacheFolder, () =>
    run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile']),
  )
}

async function build() {
  /** @type {Map<string, Promise<string[]>>} */
  const builds = new Map()
  const built = await inParallel(packages(), (one) => {
    const waits = seenAsBuilt in (one.manifest.dependencies ?? {})
    // It has begun, as each comes behind those that it depends on.
    const before = waits ? builds.get(seenAsBuilt) : undefined
    const build = Promise.resolve(before).then(() => buildPackage(one))
    builds.set(one.manifest.name, build)
    return build
  })
  return built.flat().join(', ') || unchanged
}

/**
 * Resolves with its name if there was something to do.
 *
 * @param {{ folder: string, manifest: any }} one
 * @returns {Promise<string[]>}
 */
async function buildPackage({ folder, manifest }) {
  const sources = filesIn(folder).filter(
    (path) => !/\.test\.ts$|[/\\]tests-support[/\\]/.test(path),
  )
  const shared = ['scripts/class-names.mjs', 'tsconfig.base.json', 'pnpm-lock.yaml']
  const inputs = [...sources, ...shared.map(inRoot)]
  const outputs = outputsOf(manifest).map((path) => join(folder, path))
  const note = await unlessDone(`build ${manifest.name}`, inputs, outputs, cacheFolder, () =>
    runTool('tsup/dist/cli-default.js', [], { cwd: folder }),
  )
  return note === unchanged ? [] : [manifest.name]
}

/**
 * The files that a package promises to have: all that its exports and commands name.
 *
 * @param {any} manifest
 * @returns {string[]}
 */
function outputsOf(manifest) {
  /** @param {unknown} value @returns {string[]} */
  const strings = (value) =>
    typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(strings)
  return strings([manifest.exports, manifest.bin]).filter((path) => path.startsWith('./dist/'))
}

/** @param {string} path */
function inRoot(path) {
  return join(root, path)
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}
