// `npm run nemesis`: sets up what is missing, then lets faults happen to a cluster of real processes.
//
//   npm run nemesis                             five minutes, another seed each time
//   npm run nemesis -- --minutes 20 --seed 4711
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { parseArgs } = await import('node:util')
const { installDebian, nemesisPackages } = await import('./install-debian.mjs')
const { runTool } = await import('./run.mjs')
const { setUp } = await import('./set-up.mjs')
const { step } = await import('./step.mjs')

const options = /** @type {const} */ ({
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string', default: String(Math.trunc(Math.random() * 1e6)) },
})
const { minutes, seed } = parseArgs({ options }).values
for (const [name, value] of Object.entries({ minutes, seed })) {
  if (Number(value) > 0) continue
  console.error(`--${name} is a number above 0 and not '${value}'.`)
  process.exit(1)
}

const reports = await setUp()
reports.push(
  await step('tools', 'Looking for what makes several machines of one', async () => {
    return (await installDebian(nemesisPackages)).join(' ')
  }),
)
if (reports.some(({ result }) => result !== 'ok')) process.exit(1)

const env = { ...process.env, NEMESIS_MINUTES: minutes, NEMESIS_SEED: seed }
const args = ['run', '--project=tests/nemesis', '--reporter=verbose', '--disable-console-intercept']
await runTool('vitest/vitest.mjs', args, { env, loud: true }).catch(() => {
  process.exitCode = 1
})
