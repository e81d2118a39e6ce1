import { Option } from 'commander'

/** --consistency, for commands that read. */
export function consistencyOption(): Option {
  return new Option(
    '--consistency <how>',
    'in a cluster: local, what this member has (default), or linearizable, all that was ' +
      'acknowledged before, by the word of the leader',
  ).choices(['local', 'linearizable'])
}
