// `npm run kubernetes`: holds what talks to Kubernetes to a real API server and to client-go's elector.
//
//   npm run kubernetes                   builds them once (a quarter of an hour), and runs the tests
//   npm run kubernetes -- --serve        starts them instead, says where, and waits for Ctrl-C
//   npm run kubernetes -- --cache DIR    keeps what is built there
import './check-node.mjs'

// Imported late, as everything that an old Node could not read.
const { mkdtempSync, rmSync } = await import('node:fs')
const { homedir, tmpdir } = await import('node:os')
const { join } = await import('node:path')
const { parseArgs } = await import('node:util')
const { buildKubernetes } = await import('./kubernetes/build.mjs')
const { ControlPlane } = await import('./kubernetes/control-plane.mjs')
const { runTool } = await import('./run.mjs')
const { setUpTools } = await import('./set-up.mjs')
const { step } = await import('./step.mjs')

const cacheDefault = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'goethe')
const options = /** @type {const} */ ({
  serve: { type: 'boolean', default: false },
  cache: { type: 'string', default: join(cacheDefault, 'kubernetes') },
})
const { serve, cache } = parseArgs({ options }).values

/** @type {Awaited<ReturnType<typeof buildKubernetes>> | undefined} */
let programs
const reports = [
  await setUpTools(),
  await step('kubernetes', 'Building Kubernetes', async () => {
    programs = await buildKubernetes(cache)
    return cache
  }),
]
if (programs === undefined || reports.some(({ result }) => result !== 'ok')) process.exit(1)

const folder = mkdtempSync(join(tmpdir(), 'goethe-kubernetes-'))
const plane = await ControlPlane.start(programs, folder)
const variables = {
  GOETHE_TEST_KUBECONFIG: plane.kubeconfig,
  GOETHE_TEST_CLIENT_GO: programs.elector,
}
try {
  if (serve) {
    for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`)
    await new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve)
    })
  } else {
    const files = ['src/kubernetes/', 'src/coordinator/lease-', 'src/discovery/kubernetes-']
    const args = ['run', '--project=cluster', '--reporter=verbose', ...files]
    const env = { ...process.env, ...variables }
    await runTool('vitest/vitest.mjs', args, { env, loud: true }).catch(() => {
      process.exitCode = 1
    })
  }
} finally {
  await plane.stop()
  rmSync(folder, { recursive: true })
}
