// A real API server, its controllers and client-go's elector, built from the sources that Debian 12
// has: Kubernetes 1.20 with all that it depends on. Nothing else is fetched, and no later version of
// Debian has the whole tree.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { installDebian } from '../install-debian.mjs'
import { Skip, root, run } from '../run.mjs'

const version = '1.20.2'
const electorSources = join(root, 'packages/cluster/tests-support/client-go')

/** Debian packages: a compiler, the server's own store, what makes certificates. */
const packages = ['etcd-server', 'golang-go', 'openssl']

/**
 * Resolves with the programs in a folder, which are built unless they are there: that takes about a
 * quarter of an hour. Throws a Skip with the reason where it cannot.
 *
 * @param {string} folder
 */
export async function buildKubernetes(folder) {
  await installDebian(packages)
  const sources = join(folder, `kubernetes-${version}`)
  if (!existsSync(sources)) await unpackSources(folder, sources)
  const go = goIn(sources)
  await generateOpenApi(sources, go)
  addElector(sources)
  const programs = {
    apiServer: join(folder, 'kube-apiserver'),
    controllers: join(folder, 'kube-controller-manager'),
    elector: join(folder, 'client-go-elector'),
  }
  // What clouds of 2020 need is half of it, and used by nobody here.
  const options = ['-tags=providerless', '-trimpath', versionFlags()]
  for (const [output, main] of [
    [programs.apiServer, './cmd/kube-apiserver'],
    [programs.controllers, './cmd/kube-controller-manager'],
    [programs.elector, './cmd/client-go-elector'],
  ]) {
    await go('go', ['build', ...options, '-o', String(output), String(main)])
  }
  return programs
}

/**
 * @param {string} folder
 * @param {string} sources
 */
async function unpackSources(folder, sources) {
  const part = join(folder, 'part')
  rmSync(part, { recursive: true, force: true })
  mkdirSync(join(part, 'lists/partial'), { recursive: true })
  const list = join(part, 'sources.list')
  writeFileSync(list, await debianSources())
  const options = [`Dir::Etc::sourcelist=${list}`, 'Dir::Etc::sourceparts=-']
  const others = [`Dir::State::lists=${join(part, 'lists')}`, 'APT::Sandbox::User=root']
  const configured = [...options, ...others].flatMap((option) => ['--option', option])
  try {
    await run('apt-get', [...configured, 'update'])
    await run('apt-get', [...configured, 'source', '--download-only', 'kubernetes'], { cwd: part })
  } catch (cause) {
    throw new Skip('apt-get does not find the sources of Kubernetes', { cause })
  }
  const archive = readdirSync(part).find((name) => name.endsWith('.orig.tar.gz'))
  await run('tar', ['-xzf', join(part, String(archive)), '-C', part])
  const unpacked = join(part, `kubernetes-${version}`)
  if (!existsSync(join(unpacked, 'cmd/kube-apiserver'))) {
    throw new Skip(
      `Debian 12 has the sources of Kubernetes ${version}; here apt-get finds ${archive}`,
    )
  }
  renameSync(unpacked, sources)
  rmSync(part, { recursive: true })
}

/** Where this machine has its packages from, as places of sources. */
async function debianSources() {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  const lines = new Set(targets.trim().split('\n'))
  return [...lines].map((line) => `deb-src ${line}\n`).join('')
}

/**
 * Types and their fields, as the server tells them and as it checks what is applied: the only sources
 * that are generated and not there.
 *
 * @param {string} sources
 * @param {ReturnType<typeof goIn>} go
 */
async function generateOpenApi(sources, go) {
  const output = 'pkg/generated/openapi'
  if (existsSync(join(sources, output, 'zz_generated.openapi.go'))) return
  const generator = join(sources, '_gopath/openapi-gen')
  await go('go', ['build', '-o', generator, './vendor/k8s.io/kube-openapi/cmd/openapi-gen'])
  const marked = await run(
    'grep',
    ['-rl', '--include=*.go', '^// *+k8s:openapi-gen=', 'pkg', 'staging/src/k8s.io'],
    { cwd: sources },
  )
  const directories = marked
    .trim()
    .split('\n')
    .map(dirname)
    .filter((name) => !/\/(?:code-generator|sample-apiserver)\//.test(name))
    .map((name) => `k8s.io/kubernetes/${name.replace(/^staging\/src/, 'vendor')}`)
  await go(
    generator,
    [
      ['--input-dirs', [...new Set(directories)].join(',')],
      ['--output-package', `k8s.io/kubernetes/${output}`],
      ['--output-file-base', 'zz_generated.openapi'],
      ['--report-filename', join(sources, '_gopath/report')],
      ['--go-header-file', 'vendor/k8s.io/code-generator/hack/boilerplate.go.txt'],
    ].flat(),
  )
}

/** @param {string} sources */
function addElector(sources) {
  const main = join(sources, 'cmd/client-go-elector')
  mkdirSync(main, { recursive: true })
  cpSync(join(electorSources, 'main.go'), join(main, 'main.go'))
  const library = join(sources, 'staging/src/k8s.io/client-go/tools/leaderelection')
  cpSync(join(electorSources, 'rounds.go'), join(library, 'rounds.go'))
}

/**
 * What runs Go and its tools in the sources: in the layout from before there were modules, as they
 * were built themselves.
 *
 * @param {string} sources
 */
function goIn(sources) {
  const path = join(sources, '_gopath')
  const cwd = join(path, 'src/k8s.io/kubernetes')
  if (!existsSync(cwd)) {
    mkdirSync(dirname(cwd), { recursive: true })
    symlinkSync(sources, cwd)
  }
  const env = { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off', GOPATH: path, PWD: cwd }
  /** @param {string} command @param {string[]} args */
  return (command, args) => run(command, args, { cwd, env })
}

/** Without them the server says that it is of no version, which clients do not like. */
function versionFlags() {
  const [major, minor] = version.split('.')
  const values = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor }
  const flags = Object.entries(values).flatMap(([name, value]) =>
    ['client-go/pkg', 'component-base'].map(
      (path) => `-X k8s.io/kubernetes/vendor/k8s.io/${path}/version.${name}=${value}`,
    ),
  )
  return `-ldflags=-s -w ${flags.join(' ')}`
}
