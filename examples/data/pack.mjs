// Packs a file of commits: node pack.mjs commits.ndjson.gz commits.columns.br
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { encode } from './columns.mjs'

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) {
  console.error('node pack.mjs <commits.ndjson.gz> <commits.columns.br>')
  process.exit(1)
}
const text = gunzipSync(readFileSync(from)).toString()
if (!text.endsWith('\n')) throw new Error('The last line has no end')
const lines = text.slice(0, -1).split('\n')
const bytes = encode(lines)
writeFileSync(to, bytes)
console.log(`${lines.length} events, ${text.length} bytes: packed into ${bytes.length}`)
