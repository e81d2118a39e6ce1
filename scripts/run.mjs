import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The root of the workspace, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '')

/** What ends a step that cannot run on this machine; the message is the reason. */
export class Skip extends Error {}

/**
 * Runs a command and resolves with its standard output. Rejects when it fails, with all its output
 * in the message. Nothing is printed while it runs, unless it is `loud`.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, loud?: boolean }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { cwd = root, env = process.env, loud = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: loud ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      // On Windows npm and npx are batch files, which only a shell can start.
      shell: process.platform === 'win32' && command.startsWith('np'),
    })
    let stdout = ''
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text
      output += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout)
      const inShort = [command, ...args].join(' ').replaceAll(`${root}/`, '')
      const line = `${inShort}: ${signal ?? `exit code ${code}`}`
      reject(new Error(output.trim() === '' ? line : `${line}\n${output.trimEnd()}`))
    })
  })
}

/**
 * Runs a tool that the workspace has installed, with this Node or another one.
 *
 * @param {string} file path below node_modules, such as `typescript/bin/tsc`
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, loud?: boolean, node?: string }} [options]
 */
export function runTool(file, args, { node = process.execPath, ...options } = {}) {
  const path = `${root}/node_modules/${file}`
  if (!existsSync(path)) throw new Error(`${path} is missing: has the install been interrupted?`)
  return run(node, [path, ...args], options)
}
