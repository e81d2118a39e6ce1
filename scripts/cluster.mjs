// `npm run cluster`: sets up what is missing, then runs three members and etcd on this machine. What
// follows `npm run cluster --` goes to the example that it is.
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { fileURLToPath } = await import('node:url')
const { installDebian } = await import('./install-debian.mjs')
const { setUp } = await import('./set-up.mjs')
const { step } = await import('./step.mjs')

const reports = await setUp()
if (reports.some(({ result }) => result !== 'ok')) process.exit(1)

await step('etcd', 'Looking for etcd', async () => {
  const installed = await installDebian(['etcd-server'])
  return installed.length === 0 ? '' : 'installed now'
})

const example = new URL('../examples/cluster-local/main.mjs', import.meta.url)
process.argv[1] = fileURLToPath(example)
await import(example.href)
