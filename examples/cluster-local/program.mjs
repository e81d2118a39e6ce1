import { spawn } from 'node:child_process'

/**
 * Starts a program, which whoever starts it has to end. Resolves once it has said that it serves;
 * rejects when it ends before.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RegExp} ready what it says by then, on either of its outputs
 */
export async function startProgram(command, args, ready) {
  // Detached: Ctrl-C on a terminal would reach all at once, and etcd would be gone before its members.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const outputs = [child.stdout, child.stderr]
  let said = ''
  await new Promise((resolve, reject) => {
    for (const output of outputs) {
      output.setEncoding('utf8').on('data', (text) => {
        said += text
        if (ready.test(said)) resolve(undefined)
      })
    }
    child.once('error', reject)
    child.once('close', () => reject(new Error(`${command} has ended:\n${said.slice(-2000)}`)))
  })
  // It would stop when nobody takes what it says.
  for (const output of outputs) output.removeAllListeners('data').resume()
  return {
    pid: child.pid,
    /** @param {NodeJS.Signals} signal */
    async end(signal) {
      child.kill(signal)
      await ended
    },
  }
}
