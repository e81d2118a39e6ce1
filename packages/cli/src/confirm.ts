import { createInterface } from 'node:readline/promises'
import { Ending } from './ending.js'
import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import type { Shell } from './shell.js'

/**
 * Asks before something is removed for good. Without a terminal there is nobody to ask: then --yes
 * is needed. Ends the command unless the answer is yes.
 */
export async function confirm(
  shell: Shell,
  question: string,
  options: { yes?: true },
): Promise<void> {
  if (options.yes) return
  if (!shell.input.isTTY || !shell.notes.isTerminal) {
    throw new Failure(`${question} Nobody is here to answer`, {
      advice: 'Pass --yes to do it without being asked',
      exitCode: exitCode.wrongUsage,
    })
  }
  const lines = createInterface({ input: shell.input, output: shell.notes.stream })
  // Ctrl-C reaches readline and not the process while it reads.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: shell.signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    lines.close()
  }
  throw new Ending('The answer was no', exitCode.failed)
}
