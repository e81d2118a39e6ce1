import { fileURLToPath } from 'node:url'
import { installPeers } from '../src/install-peers'
import { runCommand } from '../src/run-command'
import type { Suite } from '../src/suite'
import { fetchNewerNats, natsServerVersion } from './nats-server'
import { scenarios } from './scenarios/all'

const installDebian = fileURLToPath(new URL('../../scripts/install-debian.mjs', import.meta.url))

/** Goethe's server against others, over loopback. */
export const serverSuite: Suite = {
  name: 'server',
  description: "Measures Goethe's server against NATS JetStream and Redis Streams.",
  scenarios,
  prepare: (report) => prepareServers(report),
  results: { json: 'server.json', chart: 'server.svg' },
}

/**
 * Installs the clients of the others and their servers, and of Debian what else is named. Resolves
 * with their versions.
 */
export async function prepareServers(
  report: (line: string) => void,
  packages: readonly string[] = [],
): Promise<Record<string, string>> {
  const versions = await installPeers(report)
  try {
    const all = ['nats-server', 'redis-server', ...packages]
    await runCommand(process.execPath, [installDebian, ...all])
    await fetchNewerNats(report)
  } catch (error) {
    report(`Some servers may be missing: ${error instanceof Error ? error.message : String(error)}`)
  }
  const versionOf = (version: Promise<string>) => version.catch(() => 'missing')
  const servers = {
    'nats-server': await versionOf(natsServerVersion()),
    'redis-server': await versionOf(redisVersion()),
  }
  report(
    Object.entries(servers)
      .map((entry) => entry.join(' '))
      .join(', '),
  )
  return { ...versions, ...servers }
}

async function redisVersion(): Promise<string> {
  const text = await runCommand('redis-server', ['--version'])
  return /v=(\S+)/.exec(text)?.[1] ?? text.trim()
}
