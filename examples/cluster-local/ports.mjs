import { createServer } from 'node:net'

/**
 * The first of so many ports beside each other that nobody listens on, from `from` on in steps of 100.
 *
 * @param {number} from
 * @param {number} count
 */
export async function freePorts(from, count) {
  for (let first = from; first + count < 65_536; first += 100) {
    const free = Array.from({ length: count }, (_, index) => isFree(first + index))
    if (!(await Promise.all(free)).includes(false)) return first
  }
  throw new Error(`There are no ${count} free ports beside each other from ${from} on`)
}

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
