import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const peers = fileURLToPath(new URL('../peers', import.meta.url))

/**
 * Installs the peers where they are missing or of another version. Install scripts stay off: lmdb
 * and hypercore bring their libraries along, and better-sqlite3 is built from the sources in its
 * package, so that the registry is all it takes. Reports what did not work; without a peer, the
 * others are measured.
 */
export async function installPeers(report: (line: string) => void): Promise<void> {
  try {
    if (!isInstalled()) {
      report('Installing the peers (once)')
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], peers)
    }
    if (!(await sqliteWorks())) {
      report('Building better-sqlite3 from source (once; a minute or two)')
      await run('npm', ['run', 'build-release'], join(peers, 'node_modules', 'better-sqlite3'))
    }
  } catch (error) {
    report(`Some peers may be missing: ${error instanceof Error ? error.message : String(error)}`)
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
  return run(process.execPath, ['-e', script], peers).then(
    () => true,
    () => false,
  )
}

function readManifest(folder: string): { version: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** Rejects with the end of the output when the command fails. */
function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // On Windows npm is a batch file, which only a shell can start.
    const shell = process.platform === 'win32' && command === 'npm'
    const child = spawn(command, args, { cwd, shell, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ${args.join(' ')}\n${output.trimEnd().slice(-2000)}`))
    })
  })
}
