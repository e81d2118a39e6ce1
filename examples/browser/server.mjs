// Bundles the page and serves it on this machine.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** @param {string} name */
const pathTo = (name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * Resolves with the server once it listens. Port 0 is any free one.
 *
 * @param {number} port
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve(port) {
  const [html, script] = await Promise.all([readFile(pathTo('index.html'), 'utf8'), bundle()])
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isScript ? script : html)
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined))
  })
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [pathTo('page.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
    // The tsconfig.json of the workspace would lead to the sources instead of to the build.
    tsconfigRaw: {},
  })
  return outputFiles[0]?.text ?? ''
}
