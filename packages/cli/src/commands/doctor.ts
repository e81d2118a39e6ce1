import type { Command } from 'commander'
import { examineDirectory } from '../doctor-directory.js'
import { examineServer } from '../doctor-server.js'
import { Failure } from '../failure.js'
import { type Finding, bad, good } from '../finding.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { placeOf } from '../log-place.js'
import { withManual } from '../manual.js'
import type { Colors } from '../output.js'
import { plural } from '../quantity.js'
import type { Shell } from '../shell.js'
import { version } from '../version.js'

const nodeMin = [20, 19] as const

export function doctorCommand(shell: Shell): Command {
  const command = logCommand('doctor', 'Find out what is wrong, and what to do about it.').action(
    async (options: LogCommandOptions) => {
      const { output } = shell
      const json = isJson(options, output)
      let problems = 0
      for await (const finding of findings(shell, options)) {
        if (finding.state === 'bad') problems++
        await (json ? output.json(finding) : output.lines(linesOf(finding, output.colors)))
      }
      if (problems > 0) throw new Failure(`${plural(problems, 'problem')} found`)
    },
  )
  return withManual(command, {
    details: [
      `A directory: is it there, may this user use it, is there room, who has it open, is it of a
known format, are its first and last events sound? A server: can it be reached, is it encrypted,
does it take the token, does its clock agree, is it of the same version? Nothing is changed.
The exit code is 1 when something is wrong; a warning (!) is not.`,
    ],
    examples: [
      ['goethe doctor --data my-log', 'a directory'],
      ['goethe doctor', 'the server on this machine'],
      ['goethe doctor --server goethe://log:1337 --tls', 'another one'],
    ],
  })
}

async function* findings(shell: Shell, options: LogCommandOptions): AsyncGenerator<Finding> {
  yield node(process.versions.node)
  const place = placeOf(options, shell.environment)
  if (place.type === 'directory') yield* examineDirectory(place.directory, shell.signal)
  else yield* examineServer(place, version)
}

function node(current: string): Finding {
  const [major = 0, minor = 0] = current.split('.').map(Number)
  const isNewEnough = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])
  if (isNewEnough) return good('Node.js', `Version ${current} is new enough.`)
  const wanted = `Install Node.js ${nodeMin.join('.')} or newer.`
  return bad('Node.js', `Version ${current} is too old.`, wanted)
}

function linesOf({ what, state, message, advice }: Finding, colors: Colors): string[] {
  const marks = { good: colors.green('✓'), warning: colors.yellow('!'), bad: colors.red('✗') }
  const first = `${marks[state]} ${what.padEnd(10)} ${message}`
  return advice === undefined ? [first] : [first, `  ${' '.repeat(10)} → ${advice}`]
}
