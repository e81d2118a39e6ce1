import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = new URL('./', import.meta.url)
const pathTo = (path: string) => fileURLToPath(new URL(path, root))
const foldersIn = (path: string) => (existsSync(pathTo(path)) ? readdirSync(pathTo(path)) : [])

// Tests of the packages run against sources, so that they need no build. Longer names first: an
// alias also matches what follows it.
const sources = {
  '@goethe/core/conformance': pathTo('packages/core/conformance/index.ts'),
  '@goethe/core/testing': pathTo('packages/core/src/testing.ts'),
  '@goethe/core/contract': pathTo('packages/core/src/contract.ts'),
  '@goethe/core': pathTo('packages/core/src/index.ts'),
  '@goethe/cluster': pathTo('packages/cluster/src/index.ts'),
  '@goethe/protocol': pathTo('packages/protocol/src/index.ts'),
  '@goethe/client': pathTo('packages/client/src/index.ts'),
  '@goethe/server': pathTo('packages/server/src/index.ts'),
}

// x.test.ts is a unit test, x.int.test.ts uses a real store or server, x.e2e.test.ts all of it.
const testFiles = ['**/*.test.ts']

// Kinds of test files, the longest first: a long one begun last would leave the other cores idle.
const kinds = ['/conformance/', '/conformance.', '.e2e.', '.int.', '']
const kindOf = ({ moduleId }: TestSpecification) =>
  kinds.findIndex((mark) => moduleId.includes(mark))

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files)
    // Project by project, as a worker is kept for the files of one.
    const projects = [...new Set(sorted.map(({ project }) => project))]
    return projects.flatMap((project) =>
      sorted
        .filter((file) => file.project === project)
        .sort((first, second) => kindOf(first) - kindOf(second)),
    )
  }
}

// After all others. These start processes and servers and wait for them, so that a worker for each
// core would leave the cores idle for a third of the time.
const waiting = {
  maxWorkers: availableParallelism() + 1,
  sequence: { sequencer: LongestFirst, groupOrder: 1 },
}
const waitingPackages = ['cli', 'client']
const waitingProjects = [
  'tests/browser',
  'tests/cluster',
  'tests/deploy',
  'tests/nemesis',
  'tests/server',
]

const packageProjects = foldersIn('packages').map((name) => ({
  extends: true as const,
  root: pathTo(`packages/${name}`),
  resolve: { alias: sources },
  test: { name, include: testFiles, ...(waitingPackages.includes(name) && waiting) },
}))

// Examples and servers use what users get: the built packages.
const builtProjects = [...foldersIn('examples').map((name) => `examples/${name}`), 'scripts']

// What starts processes waits for them, each of which waits for its turn on a machine that is busy.
const untilProcesses = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 100_000 } },
}

export default defineConfig({
  test: {
    projects: [
      ...packageProjects,
      ...builtProjects.map((path) => ({
        extends: true as const,
        root: pathTo(path),
        test: { name: path, include: testFiles, ...untilProcesses },
      })),
      ...waitingProjects.map((path) => ({
        extends: true as const,
        root: pathTo(path),
        test: {
          name: path,
          include: testFiles,
          ...untilProcesses,
          ...waiting,
        },
      })),
    ],
    passWithNoTests: false,
    // vitest would leave one core free, which of two is half.
    maxWorkers: '100%',
    // Loading what is tested anew for each file took half as long as the tests themselves.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Generous, for slow machines: a test waits for an event, and only a hang meets these.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // The same for what only another process knows; vitest would give it a second.
    expect: { poll: { timeout: 25_000 } },
  },
})
