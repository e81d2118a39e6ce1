/** `npm run simulate`: runs seeds, and says how to run one again that failed. */
import { parseArgs } from 'node:util'
import { simulate } from './simulate.js'

const usage = `Usage: npm run simulate -- [options]

  --seeds N      how many seeds to run (default 1000)
  --from S       the first of them (default 1)
  --members N    3 or 5; otherwise each seed chooses
  --steps        print each seed with its steps and acknowledged appends
  --trace        print everything that happens, for one seed
`

const { values } = parseArgs({
  // pnpm passes the separator on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    members: { type: 'string' },
    steps: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(usage)
} else {
  run(wholeNumber('from', values.from), wholeNumber('seeds', values.trace ? '1' : values.seeds))
}

function run(from: number, count: number): void {
  const members = values.members === undefined ? undefined : wholeNumber('members', values.members)
  const trace = values.trace ? print : undefined
  const startMs = performance.now()
  const failures: string[] = []
  let steps = 0
  let acknowledged = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = simulate(seed, { members, trace })
    steps += result.steps
    acknowledged += result.acknowledged
    if (values.steps) print(`seed ${seed}: ${result.steps} steps, ${result.acknowledged} appends`)
    if (result.failure !== undefined) {
      const again = members === undefined ? '' : ` --members ${members}`
      failures.push(`seed ${seed}: ${result.failure}`)
      print(`${failures.at(-1)}\n  again: npm run simulate -- --from ${seed} --trace${again}`)
    }
    const done = seed - from + 1
    if (done % 500 === 0 && done < count) print(`${done} seeds, ${rate(done, startMs)}`)
  }
  print(
    `${count} seeds, ${steps} steps, ${acknowledged} acknowledged appends, ` +
      `${failures.length} failures, ${rate(count, startMs)}`,
  )
  if (failures.length > 0) process.exitCode = 1
}

function rate(seeds: number, startMs: number): string {
  return `${Math.round((seeds * 1000) / (performance.now() - startMs))} seeds/s`
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`--${name} takes a whole number, not ${text}`)
  }
  return value
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
