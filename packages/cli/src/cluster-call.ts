import type { Client } from '@goethe/client'
import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import type { LogCommandOptions } from './log-command.js'
import { placeOf } from './log-place.js'
import { openServer } from './open-log.js'
import type { Shell } from './shell.js'

/** Works with a client of the member that the options name, and closes it. */
export async function withCluster(
  shell: Shell,
  options: LogCommandOptions,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const place = placeOf(options, shell.environment)
  if (place.type === 'directory') {
    throw new Failure('A directory is of one server alone, and a cluster has several', {
      advice: 'Name a member: --server goethe://HOST:PORT',
      exitCode: exitCode.wrongUsage,
    })
  }
  const client = await openServer(place)
  try {
    await work(client)
  } finally {
    await client.close()
  }
}
