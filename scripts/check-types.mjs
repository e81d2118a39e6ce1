import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root, runTool } from './run.mjs'
import { members, packages } from './set-up.mjs'
import { cacheFolder } from './unless-done.mjs'

/** Runs tsc on every tsconfig.json of the workspace, and throws with the errors of all. */
export async function checkTypes() {
  const others = members().filter((folder) => dirname(folder) !== join(root, 'packages'))
  const projects = [...packages().map(({ folder }) => folder), ...others]
    .map((folder) => join(folder, 'tsconfig.json'))
    .filter((path) => existsSync(path))
  const next = projects.values()
  /** @type {string[]} */
  const errors = []
  const work = async () => {
    for (const project of next) {
      await checkProject(project).catch((error) => errors.push(error.message))
    }
  }
  // tsc keeps one core busy: two at a time take half as long.
  await Promise.all([work(), work()])
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return `${projects.length} projects`
}

/** @param {string} project */
async function checkProject(project) {
  const remembered = join(
    cacheFolder,
    `${relative(root, project).replaceAll(/\W+/g, '-')}.tsbuildinfo`,
  )
  const args = ['--project', project, '--incremental', '--tsBuildInfoFile', remembered]
  await runTool('typescript/bin/tsc', args)
}
