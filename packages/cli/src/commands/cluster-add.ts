import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '@goethe/client'
import type { Command } from 'commander'
import { type Arrival, arrivalOf } from '../arrival.js'
import { withCluster } from '../cluster-call.js'
import { formatDuration, parseDuration } from '../duration.js'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { escapeControls } from '../payload.js'
import type { Shell } from '../shell.js'

interface AddOptions extends LogCommandOptions {
  wait: number
}

/** A member tells the others about once a second how far it is. */
const lookMs = 500

export function addCommand(shell: Shell): Command {
  const command = logCommand('add', 'Let a member in, and wait until it has everything.')
    .argument('<name>', 'of the member: its cluster.member')
    .option('--wait <duration>', 'for so long at most; 0s only lets it in', parseDuration, 600_000)
    .action(async (name: string, options: AddOptions) => {
      const { output } = shell
      await withCluster(shell, options, async (client) => {
        const began = performance.now()
        await client.cluster.addMember(name)
        const { inSync, sentence } = await arrive(shell, client, name, began + options.wait)
        if (!inSync && options.wait > 0) {
          throw new Failure(`After ${formatDuration(options.wait)}: ${sentence}`, {
            advice: 'It joins by itself once it can; goethe cluster status tells how it is',
          })
        }
        if (isJson(options, output)) return output.json({ added: name, inSync })
        await output.line(escapeControls(sentence))
      })
    })
  return withManual(command, {
    details: [
      `Start the member first (goethe serve --cluster …), with the names of some of the others in its
cluster.peers, a name in DNS, or as a pod of the StatefulSet: they learn of it from itself, and none
of them needs another configuration (but with --cluster static all have to name it). It is fed what
it lacks and joins by itself; this lets in again what goethe cluster remove took out, tells how far
it is, and ends when it is in sync.`,
      `More members do not raise the number that has to have each write: goethe cluster min-in-sync
does, once they are there.`,
    ],
    examples: [
      ['goethe cluster add goethe-3', 'wait until it is in sync'],
      ['goethe cluster add goethe-3 --wait 0s', 'only let it in again after a remove'],
    ],
  })
}

/** Tells what is waited for whenever that changes, until the member is in sync or time is up. */
async function arrive(
  { notes, signal }: Shell,
  client: Client,
  name: string,
  untilMs: number,
): Promise<Arrival> {
  let told: string | undefined
  for (;;) {
    const arrival = arrivalOf(await client.cluster.status(), name)
    if (arrival.inSync || performance.now() >= untilMs) return arrival
    if (arrival.sentence !== told) await notes.line(escapeControls(arrival.sentence))
    told = arrival.sentence
    await pause(Math.min(lookMs, Math.max(untilMs - performance.now(), 0)), undefined, { signal })
  }
}
