// `npm run bench`: sets up what is missing, then measures. What follows `npm run bench --` goes to
// the bench; `--help` shows what it takes.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { join } = await import('node:path')
const { root, runTool } = await import('./run.mjs')
const { setUp } = await import('./set-up.mjs')

const reports = await setUp()
if (reports.some(({ result }) => result !== 'ok')) process.exit(1)

await runTool('tsup/dist/cli-default.js', ['--silent'], { cwd: join(root, 'bench') })
await import('../bench/dist/main.js')
