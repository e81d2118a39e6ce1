// `npm start`: sets up what is missing, then serves the log in ./goethe-data. What follows
// `npm start --` goes to `goethe serve`.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { join } = await import('node:path')
const { pathToFileURL } = await import('node:url')
const { root } = await import('./run.mjs')
const { setUp } = await import('./set-up.mjs')

const reports = await setUp()
if (reports.some(({ result }) => result !== 'ok')) process.exit(1)

// In this process, so that Ctrl-C reaches nobody but the server.
const goethe = join(root, 'packages/cli/dist/main.js')
process.argv.splice(1, 1, goethe, 'serve')
await import(pathToFileURL(goethe).href)
