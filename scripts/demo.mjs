// `npm run demo`: sets up what is missing, then runs the demo of a log embedded in a program. What
// follows `npm run demo --` goes to the demo.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { fileURLToPath } = await import('node:url')
const { setUp } = await import('./set-up.mjs')

const reports = await setUp()
if (reports.some(({ result }) => result !== 'ok')) process.exit(1)

const demo = new URL('../examples/commits/demo.mjs', import.meta.url)
process.argv[1] = fileURLToPath(demo)
await import(demo.href)
