import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, runTool } from './run.mjs'
import { members, packages } from './set-up.mjs'

/**
 * Runs tsc on every tsconfig.json of the workspace, and throws with the errors of all. It is that
 * of TypeScript 7, which takes a tenth of the time; the builds' declaration files still need the
 * API of TypeScript 5, and are checked with it.
 */
export async function checkTypes() {
  const others = members().filter((folder) => dirname(folder) !== join(root, 'packages'))
  const projects = [...packages().map(({ folder }) => folder), ...others]
    .map((folder) => join(folder, 'tsconfig.json'))
    .filter((path) => existsSync(path))
  /** @type {string[]} */
  const errors = []
  for (const project of projects) {
    const checked = runTool('typescript-7/bin/tsc', ['--project', project])
    await checked.catch((error) => errors.push(error.message))
  }
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return `${projects.length} projects`
}
