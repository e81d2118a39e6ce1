import { Command } from 'commander'
import { dataOption } from '../arguments.js'
import { Failure } from '../failure.js'
import { Output } from '../output.js'
import { withLog } from '../with-log.js'

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Check everything that is stored. Prints each problem; exits with 1 if there is one.',
    )
    .addOption(dataOption())
    .action(async ({ data }: { data: string }) => {
      const output = new Output()
      await withLog(data, { create: false }, async (log) => {
        let problems = 0
        let checked = 0
        for await (const step of log.verify()) {
          if (step.type === 'progress') {
            checked = step.checked
            if (process.stderr.isTTY) process.stderr.write(`\r${checked} entries checked`)
          } else {
            problems++
            const topic = step.topic === undefined ? '' : ` of ${step.topic}`
            await output.line(`${step.keyspace}${topic}: ${step.message} (key ${step.key})`)
          }
        }
        if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
        if (problems > 0) throw new Failure(`${problems} problems in ${checked} entries`)
        await output.line(`${checked} entries checked, no problem found`)
      })
    })
}
