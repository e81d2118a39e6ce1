// `npm test`: everything that must hold before a change is merged.
//
//   npm test                            all of it
//   npm test -- --only types,lint       the set-up and these steps
//   npm test -- reader.test.ts -t seek  the set-up and the tests that vitest finds with this
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { checkPackages } = await import('./check-packages.mjs')
const { checkTypes } = await import('./check-types.mjs')
const { installDebian, nemesisPackages } = await import('./install-debian.mjs')
const { inParallel } = await import('./in-parallel.mjs')
const { fetchKubernetesTools } = await import('./kubernetes-tools.mjs')
const { otherMajor, otherNode } = await import('./other-node.mjs')
const { checkGenerated } = await import('./proto.mjs')
const { runTool } = await import('./run.mjs')
const { describeCounts, runTests } = await import('./run-tests.mjs')
const { setUp } = await import('./set-up.mjs')
const { seconds, step } = await import('./step.mjs')

/** Where it counts, the simulation of a cluster takes its time. */
const manySeeds = process.env.CI === 'true' ? { GOETHE_TEST_SIMULATION_SEEDS: '2000' } : {}

/**
 * What one Node proves for both. What runs in Chromium does so whichever Node drives it, and servers
 * as processes of their own are started in the packages' tests too: once is enough for the long ones.
 * Simulations do the same on each Node. The conformance suite runs on both over LevelDB, which is
 * native code and files, and through a client; in memory and replicated, on one.
 */
const notAgain = [
  '--project=!tests/*',
  ...[
    'browser.e2e.test.ts',
    'cluster-local.e2e.test.ts',
    'conformance/memory-level.int.test.ts',
    'gossip/gossip-simulation.test.ts',
    'simulation/**',
    'src/replicated-level-conformance.int.test.ts',
  ].map((files) => `--exclude=**/${files}`),
]

/**
 * In their order, but first those that go `beside` others: they keep one core busy at most times, and
 * what is built is all that they need. The longest ones come first, so that no core waits at the end.
 *
 * @type {Record<string, { title: string, work: () => Promise<string>, beside?: boolean, loud?: boolean }>}
 */
const checks = {
  packages: {
    title: 'Packing the packages and using them as a stranger',
    work: checkPackages,
    beside: true,
  },
  format: {
    title: 'Checking the format (npm run format corrects it)',
    work: () => tool('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
    beside: true,
  },
  types: { title: 'Checking types', work: checkTypes, beside: true },
  lint: { title: 'Linting', work: () => tool('oxlint/bin/oxlint'), beside: true },
  generated: {
    title: 'Comparing generated code with the proto files',
    work: checkGenerated,
    beside: true,
  },
  chromium: {
    title: 'Looking for Chromium, for the browser tests',
    work: () => findDebian('chromium'),
  },
  etcd: { title: 'Looking for etcd, for the cluster tests', work: () => findDebian('etcd-server') },
  nemesis: {
    title: 'Looking for what makes several machines of one, for the nemesis',
    work: () => findDebian(...nemesisPackages),
  },
  kubernetes: {
    title: 'Looking for kubectl and helm, for the tests of what deploys',
    work: async () => {
      await fetchKubernetesTools()
      return ''
    },
  },
  tests: {
    title: `Testing on Node ${process.versions.node}`,
    work: async () => test(undefined, [], manySeeds),
    loud: true,
  },
  'other-node': {
    title: `Testing on Node ${otherMajor}`,
    work: async () => test(await otherNode(), notAgain, {}),
    loud: true,
  },
}

const { chosen, filters } = readArguments(process.argv.slice(2))
/** @type {import('./run-tests.mjs').TestCounts} */
const total = { passed: 0, failed: 0, skipped: 0 }
// Said once more at the end: what a test printed may be thousands of lines above.
/** @type {string[]} */
const failures = []
// A skip is for those whose machine cannot do something; where it counts, everything must be done.
const skipsFail = process.env.CI === 'true'

const reports = await setUp()
if (reports.every(({ result }) => result === 'ok')) {
  const works = Object.entries(checks).filter(([name]) => chosen.includes(name))
  const beside = works.filter(([, check]) => check.beside)
  reports.push(
    ...(await inParallel(beside, ([name, { title, work }]) =>
      step(name, title, work, { loud: true }),
    )),
  )
  for (const [name, check] of works.filter(([, { beside }]) => !beside)) {
    reports.push(await step(name, check.title, check.work, check))
  }
}
summarize()

/** @param {string[]} args */
function readArguments(args) {
  const names = Object.keys(checks)
  const at = args.indexOf('--only')
  if (at === -1) return { chosen: args.length === 0 ? names : ['tests'], filters: args }
  const chosen = (args[at + 1] ?? '').split(',')
  const unknown = chosen.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    console.error(`--only takes some of ${names.join(',')} and not "${unknown.join(',')}".`)
    process.exit(1)
  }
  return { chosen, filters: [...args.slice(0, at), ...args.slice(at + 2)] }
}

/**
 * @param {string} file
 * @param {string[]} args
 */
async function tool(file, ...args) {
  await runTool(file, args)
  return ''
}

/** @param {string[]} names */
async function findDebian(...names) {
  const installed = await installDebian(names)
  return installed.length === 0 ? '' : 'installed now'
}

/**
 * @param {string | undefined} node
 * @param {string[]} unlessFiltered
 * @param {Record<string, string>} defaults settings that the environment may override
 */
async function test(node, unlessFiltered, defaults) {
  const counts = await runTests(filters.length === 0 ? unlessFiltered : filters, node, defaults)
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  failures.push(...counts.failures)
  if (counts.failed > 0) throw new Error(describeCounts(counts))
  if (skipsFail && counts.skipped > 0 && filters.length === 0) {
    throw new Error(`${describeCounts(counts)}: with CI=true no test may be skipped`)
  }
  return describeCounts(counts)
}

function summarize() {
  console.log()
  for (const { name, result, timeMs, note } of reports) {
    console.log(`  ${name.padEnd(12)} ${result.padEnd(8)} ${seconds(timeMs).padStart(8)}  ${note}`)
  }
  const bad = reports.filter(
    ({ result }) => result === 'failed' || (skipsFail && result === 'skipped'),
  )
  if (bad.length > 0) console.log(`\nNot good: ${bad.map(({ name }) => name).join(', ')}`)
  for (const failure of failures) console.log(`  ${failure}`)
  console.log(`\n${describeCounts(total)}`)
  process.exitCode = bad.length === 0 ? 0 : 1
}
