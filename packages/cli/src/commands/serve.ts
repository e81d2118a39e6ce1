import { Command } from 'commander'
import type { Shell } from '../shell.js'

export function serveCommand(_shell: Shell, _withSettings: boolean): Promise<Command> {
  return Promise.resolve(
    new Command('serve').description('Serve a log to others over the network.'),
  )
}
