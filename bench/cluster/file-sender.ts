/**
 * The process of a server that sends a file to whoever connects. Its arguments are the port and the
 * path.
 */
import { createReadStream } from 'node:fs'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream'

const [port, path] = process.argv.slice(2)
const chunkBytes = 256 * 1024

createServer((socket) => {
  // Whoever looks only whether this listens goes before the end.
  pipeline(createReadStream(path!, { highWaterMark: chunkBytes }), socket, () => {})
}).listen(Number(port), '127.0.0.1')
