import { SingleBar } from 'cli-progress'
import { formatDuration } from './duration.js'
import { formatCount, formatSize } from './quantity.js'
import type { Shell } from './shell.js'

const units = { events: formatCount, entries: formatCount, bytes: formatSize } as const

/** What is under way. */
export interface ProgressOptions {
  title: string
  unit: keyof typeof units
  /** How much there is to do, where that is known. */
  total?: number | undefined
}

/**
 * How far long work has come, with its rate and the time that remains: on standard error, and only
 * where that is a terminal.
 */
export class Progress {
  readonly #bar: SingleBar | undefined
  readonly #options: ProgressOptions
  readonly #start = performance.now()

  constructor(shell: Shell, options: ProgressOptions) {
    this.#options = options
    if (!shell.notes.isTerminal) return
    const { total } = options
    this.#bar = new SingleBar({
      stream: shell.notes.stream,
      format:
        total === undefined
          ? '{title}  {done}  {rate}'
          : '{title} [{bar}] {percentage}%  {done}  {rate}  {left}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      // It would end the process by itself.
      gracefulExit: false,
    })
    this.#bar.start(total ?? 0, 0, this.#texts(0))
  }

  update(done: number): void {
    this.#bar?.update(done, this.#texts(done))
  }

  /** Takes the bar away, so that what follows stands in its place. Idempotent. */
  stop(): void {
    this.#bar?.stop()
  }

  #texts(done: number): Record<string, string> {
    const { title, unit, total } = this.#options
    const seconds = (performance.now() - this.#start) / 1000
    const rate = seconds > 0 ? done / seconds : 0
    const leftMs = total === undefined || rate === 0 ? undefined : ((total - done) / rate) * 1000
    return {
      title,
      done: unit === 'bytes' ? units[unit](done) : `${units[unit](done)} ${unit}`,
      rate: `${units[unit](rate)}/s`,
      left: leftMs === undefined ? '' : `${formatDuration(Math.max(leftMs, 0))} left`,
    }
  }
}
