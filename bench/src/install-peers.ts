import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './run-command'

const peers = fileURLToPath(new URL('../peers', import.meta.url))

/**
 * Installs the peers where they are missing or of another version. Install scripts stay off: lmdb
 * and hypercore bring their libraries along, and better-sqlite3 is built from the sources in its
 * package, so that the registry is all it takes: see `buildSqlite`. Reports what did not work;
 * without a peer, the others are measured. Resolves with their versions.
 */
export async function installPeers(
  report: (line: string) => void,
): Promise<Record<string, string>> {
  try {
    if (!isInstalled()) {
      report('Installing the peers (once)')
      await runCommand('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], peers)
    }
  } catch (error) {
    report(`Some peers may be missing: ${messageOf(error)}`)
  }
  return readManifest(peers).dependencies!
}

/** Builds better-sqlite3 where it does not work yet. */
export async function buildSqlite(report: (line: string) => void): Promise<void> {
  try {
    if (await sqliteWorks()) return
    report('Building better-sqlite3 from source (once; a minute or two)')
    await runCommand('npm', ['run', 'build-release'], join(peers, 'node_modules', 'better-sqlite3'))
  } catch (error) {
    report(`There is no better-sqlite3: ${messageOf(error)}`)
  }
}

function isInstalled(): boolean {
  const { dependencies } = readManifest(peers)
  return Object.entries(dependencies ?? {}).every(([name, version]) => {
    try {
      return readManifest(join(peers, 'node_modules', name)).version === version
    } catch {
      return false
    }
  })
}

/** In a process of its own: a library that was built for another Node may take it down. */
async function sqliteWorks(): Promise<boolean> {
  const script = `new (require('better-sqlite3'))(':memory:').close()`
  return runCommand(process.execPath, ['-e', script], peers).then(
    () => true,
    () => false,
  )
}

function readManifest(folder: string): { version: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
