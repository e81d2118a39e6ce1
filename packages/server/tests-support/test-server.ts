/** A whole server on a real store and real sockets, for tests. */
import { defaultConfig } from '../src/config.js'
import { type Server, type ServerDependencies, startServer } from '../src/goethe.js'
import { createLogger } from '../src/log-writer.js'
import { type TempFolder, tempFolder } from './temp-folder.js'

export interface TestServer extends AsyncDisposable {
  readonly server: Server
  readonly folder: TempFolder
  readonly url: string
  /** Lines of the server's log. */
  readonly lines: Record<string, unknown>[]
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** What the text is as JSON; {} where it is none. */
  json: Record<string, any>
}

export interface TestServerOptions extends ServerDependencies {
  /** Settings by their flags. */
  flags?: Record<string, unknown>
}

export async function startTestServer({
  flags = {},
  ...dependencies
}: TestServerOptions = {}): Promise<TestServer> {
  const folder = await tempFolder()
  const lines: Record<string, unknown>[] = []
  const config = defaultConfig({
    data: folder.path,
    durability: 'os',
    'grpc-port': 0,
    'http-port': 0,
    ...flags,
  })
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>)
  }
  const logger = createLogger(config.log, { write })
  const server = await startServer(config, { logger, ...dependencies })
  const url = `http://127.0.0.1:${server.addresses.http.port}`
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: jsonOf(text) }
  }
  return {
    server,
    folder,
    url,
    lines,
    get: (path, headers = {}) => ask(path, { headers }),
    send: (method, path, body, headers = {}) => {
      const isJson = typeof body === 'object' && !(body instanceof Uint8Array)
      return ask(path, {
        method,
        ...(body !== undefined && {
          body: isJson ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>),
        }),
        headers: { ...(isJson && { 'content-type': 'application/json' }), ...headers },
      })
    },
    async [Symbol.asyncDispose]() {
      await server.stop({ deadlineMs: 0 })
      await folder[Symbol.asyncDispose]()
    },
  }
}

function jsonOf(text: string): Record<string, any> {
  try {
    return JSON.parse(text) as Record<string, any>
  } catch {
    return {}
  }
}
