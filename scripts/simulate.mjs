// `npm run simulate`: builds the simulation of a cluster, then runs seeds. What follows
// `npm run simulate --` goes to it; `--help` shows what it takes.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { join } = await import('node:path')
const { pathToFileURL } = await import('node:url')
const { root, runTool } = await import('./run.mjs')

const cluster = join(root, 'packages/cluster')
const build = ['--config', 'tsup.simulation.config.ts', '--silent']
await runTool('tsup/dist/cli-default.js', build, { cwd: cluster })
await import(pathToFileURL(join(cluster, 'node_modules/.simulation/simulate.js')).href)
