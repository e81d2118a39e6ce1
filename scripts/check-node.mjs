// Imported first by every command, and written so that even old versions of Node can read it: on
// those, anything else would fail with an error about syntax.
import { readFileSync } from 'fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const oldest = engines.node.replace('>=', '')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const [oldestMajor, oldestMinor] = oldest.split('.').map(Number)

if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
  console.error(
    `Goethe needs Node ${oldest} or newer, and this is Node ${process.versions.node}. ` +
      'Please install a newer one from https://nodejs.org and try again.',
  )
  process.exit(1)
}
