/** What the exit codes of `goethe` say; they are part of what programs may rely on. */
export const exitCode = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  notFound: 3,
  conflict: 4,
  outcomeUnknown: 5,
  interrupted: 130,
  terminated: 143,
} as const

/** The table for --help. */
export const exitCodeTable = `  0    done; also when whoever reads the output leaves early, as head does
  1    it failed, or verify or doctor found something wrong
  2    the command was wrong: an unknown option, a value that makes no sense
  3    the log, topic, event or consumer that was named is not there
  4    --expect was not met: somebody else has appended meanwhile
  5    nobody knows whether it was done: no answer came in time, or the lead of the cluster changed
  130  ended by Ctrl-C (143 by SIGTERM); a second Ctrl-C ends at once`
