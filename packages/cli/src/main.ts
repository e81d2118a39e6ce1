#!/usr/bin/env node
import { exitCodeOf, report } from './failure.js'
import { program } from './program.js'

try {
  await program().parseAsync()
} catch (error) {
  report(error)
  process.exitCode = exitCodeOf(error)
}
