import { type Command, InvalidArgumentError } from 'commander'
import { withCluster } from '../cluster-call.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import type { Shell } from '../shell.js'

export function minInSyncCommand(shell: Shell): Command {
  const command = logCommand('min-in-sync', 'Set how many members must have each write.')
    .argument('<number>', 'of members, at most as many as are in sync', parseNumber)
    .action(async (minInSync: number, options: LogCommandOptions) => {
      const { output } = shell
      await withCluster(shell, options, async (client) => {
        await client.cluster.setMinInSync(minInSync)
        const { inSync } = await client.cluster.status()
        if (isJson(options, output)) return output.json({ minInSync, inSync })
        await output.line(`${minInSync} needed from now on, ${inSync.length} in sync.`)
      })
    })
  return withManual(command, {
    details: [
      `Fewer members in sync than that, and nothing is written; one disk less may be lost at once
without a loss of what was acknowledged. A majority of all members is right: 2 of 3, 3 of 5. Raise
it after members were added, lower it before they are removed. It is kept in the record of the
cluster, whoever leads; cluster.minInSync counts for a new cluster alone.`,
    ],
    examples: [['goethe cluster min-in-sync 3', 'two of the five disks may be lost at once']],
  })
}

function parseNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('It should be a whole number from 1.')
}
