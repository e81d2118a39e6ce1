#!/usr/bin/env node
import { Ending } from './ending.js'
import { exitCode } from './exit-code.js'
import { exitCodeOf, linesOfError } from './failure.js'
import { Output } from './output.js'
import { program } from './program.js'
import type { Shell } from './shell.js'

const stop = new AbortController()
const end = (ending: Ending): void => {
  // Whoever asks a second time does not want to wait for a clean end.
  if (stop.signal.aborted && ending.exitCode !== exitCode.done) process.exit(ending.exitCode)
  stop.abort(ending)
}
process.on('SIGINT', () => {
  end(new Ending('Ended by Ctrl-C', exitCode.interrupted))
})
process.on('SIGTERM', () => {
  end(new Ending('Ended by SIGTERM', exitCode.terminated))
})

const shell: Shell = {
  environment: process.env,
  input: process.stdin,
  output: new Output(process.stdout, process.env, () => {
    end(new Ending('Nobody reads the output', exitCode.done))
  }),
  notes: new Output(process.stderr, process.env),
  signal: stop.signal,
  onHangUp: (listener) => {
    process.on('SIGHUP', listener)
    return () => process.off('SIGHUP', listener)
  },
}

// Waiting for an event of a log in this process alone would not keep the process alive.
const waiting = setInterval(() => undefined, 2 ** 30)
try {
  const goethe = await program(shell, process.argv.slice(2))
  await goethe.parseAsync()
} catch (error) {
  await shell.notes.lines(linesOfError(error))
  process.exitCode = exitCodeOf(error)
} finally {
  clearInterval(waiting)
}
