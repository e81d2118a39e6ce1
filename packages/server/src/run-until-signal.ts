import type { Server } from './goethe.js'

const signals = { SIGINT: 2, SIGTERM: 15 } as const
type Signal = keyof typeof signals

/** What is used of `process`. */
export interface SignalSource {
  on(signal: Signal, listener: (signal: Signal) => void): unknown
  off(signal: Signal, listener: (signal: Signal) => void): unknown
  exit(code: number): unknown
}

/**
 * Resolves when the server has stopped because of SIGINT or SIGTERM. A second signal ends the
 * process at once: what was acknowledged is on the disk, and the log needs no proper end.
 */
export async function runUntilSignal(
  server: Pick<Server, 'stop' | 'logger'>,
  source: SignalSource = process,
): Promise<void> {
  let listener: ((signal: Signal) => void) | undefined
  const arrived = new Promise<Signal>((resolve) => {
    let isFirst = true
    listener = (signal) => {
      if (!isFirst) source.exit(128 + signals[signal])
      isFirst = false
      resolve(signal)
    }
  })
  for (const signal of Object.keys(signals) as Signal[]) source.on(signal, listener!)
  try {
    const signal = await arrived
    server.logger.info({ signal }, 'Goethe stops; another signal ends it at once')
    await server.stop()
  } finally {
    for (const signal of Object.keys(signals) as Signal[]) source.off(signal, listener!)
  }
}
