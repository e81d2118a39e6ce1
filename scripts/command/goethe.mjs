#!/usr/bin/env node
// `npx goethe` in this repository. An install links only commands whose file is there, and that of
// packages/cli is built later.
import { existsSync } from 'node:fs'

const main = new URL('../../packages/cli/dist/main.js', import.meta.url)
if (existsSync(main)) {
  await import(main.href)
} else {
  console.error('The command line is not built yet: npm start installs, builds and starts a server')
  process.exitCode = 1
}
