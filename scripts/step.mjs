import { Skip } from './run.mjs'

/** @typedef {{ name: string, result: 'ok' | 'failed' | 'skipped', timeMs: number, note: string }} StepReport */

/**
 * Does one piece of work, says in a line what it is and how long it took, and reports instead of
 * throwing. A string that `work` resolves with is a note for the reader; a Skip that it throws is
 * the reason why it cannot be done here.
 *
 * @param {string} name
 * @param {string} title
 * @param {() => Promise<string>} work
 * @param {{ loud?: boolean }} [options] loud: lines of `work` or of others may come in between
 * @returns {Promise<StepReport>}
 */
export async function step(name, title, work, { loud = false } = {}) {
  process.stdout.write(`${title} ...${loud ? '\n' : ' '}`)
  const start = performance.now()
  /** @param {StepReport['result']} result @param {string} note */
  const report = (result, note) => {
    const timeMs = performance.now() - start
    console.log(
      [loud ? `${title}: ${result}` : result, seconds(timeMs), note].filter(Boolean).join(', '),
    )
    return { name, result, timeMs, note }
  }
  try {
    return report('ok', await work())
  } catch (error) {
    if (error instanceof Skip) return report('skipped', error.message)
    const [line = '', ...more] = (error instanceof Error ? error.message : String(error)).split(
      '\n',
    )
    const failed = report('failed', line)
    if (more.length > 0) console.error(more.join('\n'))
    return failed
  }
}

/** @param {number} timeMs */
export function seconds(timeMs) {
  return `${(timeMs / 1000).toFixed(1)} s`
}
