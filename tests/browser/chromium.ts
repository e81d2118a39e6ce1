/** Chromium as Debian packages it, and pages for it to open. */
import { existsSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const executablePath = '/usr/bin/chromium'

/** `npm test` installs it where it can. */
export const hasChromium = existsSync(executablePath)

export const chromiumOptions = {
  executablePath,
  // Only a hang meets it, as the limits of tests are: a busy machine takes its time.
  timeout: 100_000,
  // Root, as in many containers, can have no sandbox; all that runs here is our own.
  chromiumSandbox: false,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

/** Serves an empty page, with a script where there is one, on an origin of its own. */
export class PageServer implements AsyncDisposable {
  readonly origin: string
  readonly #server: Server

  private constructor(server: Server) {
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#server = server
  }

  static async start(script = ''): Promise<PageServer> {
    const server = createServer((request, response) => {
      const isScript = request.url === '/page.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<script type="module" src="/page.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new PageServer(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A file of this folder with all that it imports, as one module for the browser. */
export async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
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
