import type { ClusterMember, ClusterStatus } from '@goethe/client'
import { Command } from 'commander'
import { withCluster } from '../cluster-call.js'
import { confirm } from '../confirm.js'
import { formatDuration } from '../duration.js'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { escapeControls } from '../payload.js'
import { formatCount } from '../quantity.js'
import type { Shell } from '../shell.js'
import { tableLines } from '../table.js'
import { addCommand } from './cluster-add.js'
import { minInSyncCommand } from './cluster-min-in-sync.js'

interface ConfirmedOptions extends LogCommandOptions {
  yes?: true
}

export function clusterCommand(shell: Shell): Command {
  const command = new Command('cluster').description('Look at a cluster of servers, and change it.')
  command.addCommand(statusCommand(shell))
  command.addCommand(handOverCommand(shell))
  command.addCommand(addCommand(shell))
  command.addCommand(removeCommand(shell))
  command.addCommand(minInSyncCommand(shell))
  command.addCommand(recoverCommand(shell))
  return withManual(command, {
    examples: [
      ['goethe cluster status', 'who leads, who is in sync, and what is wrong'],
      ['goethe cluster handover', 'before the machine of the leader is restarted'],
      ['goethe cluster add goethe-3', 'wait until a new member has everything'],
      ['goethe cluster remove goethe-3', 'once it was stopped for good'],
    ],
  })
}

function statusCommand(shell: Shell): Command {
  const command = logCommand('status', 'Who leads, who is in sync, and what is wrong.').action(
    async (options: LogCommandOptions) => {
      const { output } = shell
      await withCluster(shell, options, async (client) => {
        const status = await client.cluster.status()
        if (isJson(options, output)) return output.json(status)
        await output.lines(status.summary.map(escapeControls))
        if (status.members.length === 0) return
        await output.line('')
        await output.lines(tableLines(status.members, columnsOf(status), output.colors))
      })
    },
  )
  return withManual(command, {
    details: [
      `It is what the member knows that is asked. BEHIND is how many entries a member lacks, LAST the
last entry that it has, OF EPOCH when that was written, SILENT how long nothing was heard of it. Each member is shown to who has the right admin on all topics.`,
    ],
    examples: [
      ['goethe cluster status --server goethe://goethe-1:1337', 'as one of them sees it'],
      ['goethe cluster status --json | jq -e .writable', 'for a check'],
    ],
  })
}

function handOverCommand(shell: Shell): Command {
  const command = logCommand('handover', 'Let another member lead.').action(
    async (options: LogCommandOptions) => {
      const { output } = shell
      await withCluster(shell, options, async (client) => {
        const { leader, epoch } = await client.cluster.status()
        if (leader === undefined)
          throw new Failure('Nobody leads at the moment: wait, and look again')
        const began = performance.now()
        await client.cluster.handOver(epoch)
        const took = Math.round(performance.now() - began)
        const next = await client.cluster.status()
        if (next.leader === leader) {
          throw new Failure(`${escapeControls(leader)} leads again: no other member took over`)
        }
        if (isJson(options, output)) {
          return output.json({ from: leader, to: next.leader, epoch: next.epoch, durationMs: took })
        }
        const who = next.leader === undefined ? 'another member' : escapeControls(next.leader)
        await output.line(
          `${escapeControls(leader)} gave the lead to ${who} within ${formatDuration(took)}.`,
        )
      })
    },
  )
  return withManual(command, {
    details: [
      `The leader finishes what is under way, and the member that has most takes over, mostly within a
fraction of a second. A leader that is stopped (SIGTERM) does the same by itself. With --cluster static
cluster.leader says who leads: see goethe cluster recover --help.`,
    ],
    examples: [['goethe cluster handover', 'from whoever leads']],
  })
}

function removeCommand(shell: Shell): Command {
  const command = logCommand('remove', 'Wait for a member no longer.')
    .argument('<name>', 'of the member, as goethe cluster status has it')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: ConfirmedOptions) => {
      const { output } = shell
      await withCluster(shell, options, async (client) => {
        const shown = escapeControls(name)
        await confirm(shell, `Take ${shown} out of the cluster?`, options)
        await client.cluster.removeMember(name)
        if (isJson(options, output)) return output.json({ removed: name })
        await output.line(`${shown} is not waited for any more.`)
      })
    })
  return withManual(command, {
    details: [
      `For a member that does not come back: what it has on its disk is not let in again, whoever leads,
until goethe cluster add. Under the same name and with an empty disk it may come back. A member that
is only away for a while needs nothing; it is waited for no longer after cluster.replicaTimeoutMs
anyway.`,
    ],
    examples: [['goethe cluster remove goethe-3', 'it was stopped for good']],
  })
}

function recoverCommand(shell: Shell): Command {
  const command = logCommand('recover', 'Let a member lead that may lack what was acknowledged.')
    .option('-y, --yes', 'do not ask')
    .action(async (options: ConfirmedOptions) => {
      const { output, notes } = shell
      await withCluster(shell, options, async (client) => {
        const status = await client.cluster.status()
        await notes.lines(lossOf(status).map(escapeControls))
        const how = status.namedLeader === undefined ? ' with what it has' : ''
        await confirm(shell, `Let ${escapeControls(status.member)} lead${how}?`, options)
        await client.cluster.recover()
        const { leader, epoch } = await client.cluster.status()
        if (isJson(options, output)) return output.json({ leader, epoch })
        await output.line(`${escapeControls(status.member)} leads, since epoch ${epoch} began.`)
      })
    })
  return withManual(command, {
    details: [
      `The last resort, when no member can lead by itself: those that were in sync are lost for good, or
somebody has deleted the record of the cluster (the Lease, or the key of etcd). Name the member
that has most, by its address alone. What was acknowledged and is not there is lost, and others
that have more drop it when they follow. A leader whose record was deleted is the one to name, and
then nothing is lost. While somebody else leads, or the record is there, it is refused.`,
      `With --cluster static it is how the lead is moved, once cluster.leader names the member on all. A
majority has to answer then, and it fails where one of them has more than the member that is to lead.`,
    ],
    examples: [['goethe cluster recover --server goethe://goethe-2:1337', 'goethe-2 is to lead']],
  })
}

/** What the member has that is to lead, and whom it has to do without. */
function lossOf(status: ClusterStatus): string[] {
  return [...lossFor(status), ...moreElsewhere(status)]
}

function lossFor({ member, namedLeader, inSync, members, epoch }: ClusterStatus): string[] {
  const own = members.find((one) => one.member === member)
  const others = inSync.filter((name) => name !== member)
  const has = own === undefined ? '' : ` up to entry ${formatCount(own.commitLsn)}`
  const known = `${member} has what was acknowledged${has}, as far as it knows, in epoch ${epoch}.`
  if (namedLeader !== undefined) {
    return [
      known,
      'It will lead only if a majority of the members in cluster.peers answers and none of those has ' +
        'more: then nothing is missing.',
    ]
  }
  if (inSync.length === 0) {
    return [
      known,
      'It does not know who was in sync: what it lacks of what was acknowledged is lost.',
    ]
  }
  return [
    known,
    inSync.includes(member)
      ? 'It was in sync when it last heard: nothing should be missing.'
      : `It was not in sync (${others.join(', ')} was): what was acknowledged since is lost.`,
  ]
}

/**
 * Another one that has more would drop it: it is the one to choose. Where the leader is named, the
 * members see to that themselves.
 */
function moreElsewhere({ member, namedLeader, members, furthest }: ClusterStatus): string[] {
  if (namedLeader !== undefined) return []
  const most = members.find((one) => one.member === furthest[0])
  const own = members.find((one) => one.member === member)
  if (most === undefined || own === undefined || furthest.includes(member)) return []
  return [
    `${most.member} has more: it ends with ${lastOf(most)}, and ${member} with ${lastOf(own)}. ` +
      'Recover that one instead, unless it is lost.',
  ]
}

function lastOf({ lastLsn, lastEpoch }: ClusterMember): string {
  const of = lastEpoch === undefined ? '' : ` of epoch ${lastEpoch}`
  return `entry ${formatCount(lastLsn)}${of}`
}

function columnsOf({ member: asked, leader }: ClusterStatus) {
  const seconds = ({ silentMs, member }: ClusterMember): string =>
    member === asked ? '' : formatDuration(silentMs)
  return [
    {
      title: 'MEMBER',
      cell: ({ member }: ClusterMember) => escapeControls(member) + (member === asked ? ' *' : ''),
    },
    {
      title: 'ROLE',
      cell: ({ member, role = '' }: ClusterMember) => (member === leader ? 'leader' : role),
    },
    { title: 'IN SYNC', cell: ({ inSync }: ClusterMember) => (inSync ? 'yes' : 'no') },
    {
      title: 'HEALTH',
      cell: ({ health, suspected }: ClusterMember) => (suspected ? 'suspected' : health),
    },
    { title: 'BEHIND', cell: ({ behind }: ClusterMember) => formatCount(behind), right: true },
    { title: 'LAST', cell: ({ lastLsn }: ClusterMember) => formatCount(lastLsn), right: true },
    {
      title: 'OF EPOCH',
      cell: ({ lastEpoch }: ClusterMember) => (lastEpoch === undefined ? '' : `${lastEpoch}`),
      right: true,
    },
    { title: 'SILENT', cell: seconds, right: true },
    { title: 'ADDRESS', cell: ({ address }: ClusterMember) => escapeControls(address) },
    {
      title: 'REASON',
      cell: ({ reason = '' }: ClusterMember) => escapeControls(reason),
    },
  ]
}
