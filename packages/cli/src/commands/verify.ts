import type { VerifyStep } from '@goethe/core'
import type { Command } from 'commander'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { Progress } from '../progress.js'
import { formatCount, plural } from '../quantity.js'
import type { Shell } from '../shell.js'

export function verifyCommand(shell: Shell): Command {
  const command = logCommand('verify', 'Check everything that is stored.').action(
    async (options: LogCommandOptions) => {
      await withLog(shell, options, { create: false }, async (log) => {
        const { output, signal } = shell
        const json = isJson(options, output)
        const progress = new Progress(shell, { title: 'Verifying', unit: 'entries' })
        let problems = 0
        let checked = 0
        try {
          for await (const step of log.verify({ signal })) {
            if (step.type === 'progress') {
              checked = step.checked
              progress.update(checked)
            } else {
              problems++
              await (json ? output.json(step) : output.line(problemLine(step)))
            }
          }
        } finally {
          progress.stop()
        }
        if (json) await output.json({ type: 'result', checked, problems })
        if (problems > 0) {
          throw new Failure(`${plural(problems, 'problem')} in ${formatCount(checked)} entries`, {
            advice: 'Events elsewhere are sound. `goethe restore` brings a backup back',
          })
        }
        if (!json) await output.line(`${formatCount(checked)} entries checked, no problem found`)
      })
    },
  )
  return withManual(command, {
    details: [
      `Reads every entry and compares checksums, order, sequences, commits, index and cursors.
Prints each problem as it is found, and goes on behind it; the exit code is then 1.`,
    ],
    examples: [['goethe verify', 'is all of it as it was written?']],
  })
}

function problemLine(step: Extract<VerifyStep, { type: 'problem' }>): string {
  const topic = step.topic === undefined ? '' : ` of ${escapeControls(step.topic)}`
  return `${step.keyspace}${topic}: ${step.message} (key ${step.key})`
}
