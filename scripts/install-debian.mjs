// Debian packages that some tests need. Also a command: node scripts/install-debian.mjs chromium
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Skip, run } from './run.mjs'

/** For tests/nemesis: namespaces of the network, filters between them, a compiler, a coordinator. */
export const nemesisPackages = ['iproute2', 'nftables', 'gcc', 'libc6-dev', 'etcd-server']

/**
 * Installs what is missing of the named packages, and throws a Skip with the reason where it cannot.
 *
 * @param {string[]} names
 * @returns {Promise<string[]>} the names of those that were missing
 */
export async function installDebian(names) {
  if (!existsSync('/usr/bin/dpkg-query')) throw new Skip('this is not a Debian system')
  const missing = []
  for (const name of names) if (!(await isInstalled(name))) missing.push(name)
  if (missing.length === 0) return []

  const what = missing.join(' ')
  if (process.getuid?.() !== 0) throw new Skip(`needs root: apt-get install ${what}`)
  try {
    await aptGet('update')
    await aptGet('install', '--yes', '--no-install-recommends', ...missing)
  } catch (error) {
    const lastLine = String(error).trimEnd().split('\n').at(-1)
    throw new Skip(`apt-get cannot install ${what}: ${lastLine}`, { cause: error })
  }
  return missing
}

/** @param {string} name */
async function isInstalled(name) {
  // dpkg-query fails for a package that it has never heard of.
  const status = await run('dpkg-query', ['--show', '--showformat=${Status}', name]).catch(() => '')
  return status === 'install ok installed'
}

/** @param {string[]} args */
function aptGet(...args) {
  // Another apt-get may be at work, and a question would wait for an answer for ever.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return run('apt-get', ['--option', 'DPkg::Lock::Timeout=120', ...args], { env })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2)
  try {
    if (names.length === 0) throw new Skip('name the packages to install')
    const installed = await installDebian(names)
    console.log(`Installed now: ${installed.join(' ') || 'nothing, all of them were there'}`)
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    console.error(`Not installed: ${error.message}`)
    process.exitCode = 1
  }
}
