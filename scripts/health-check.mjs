// For containers: ends with 0 when the server in this container lives. It asks where the server
// listens by what the environment says, and the file that GOETHE_CONFIG names.
import { get as getPlain } from 'node:http'
import { get as getEncrypted } from 'node:https'

const timeoutMs = 4000

const { http, tls } = await config()
// An address that stands for all is one of this machine, too.
const options = { host: http.host, port: http.port, path: '/livez', timeout: timeoutMs }
const request =
  tls.cert === undefined
    ? getPlain(options)
    : // Whether the certificate is a good one is for clients to judge, who know its name.
      getEncrypted({ ...options, rejectUnauthorized: false })

request.on('response', ({ statusCode }) => end(statusCode === 200, `status ${statusCode}`))
request.on('timeout', () => end(false, 'no answer in time'))
request.on('error', (error) => {
  // It asks us for a certificate: so it is there.
  end('code' in error && String(error.code).includes('CERTIFICATE_REQUIRED'), error.message)
})

/** What the server was told, but for flags; variables of clients stand beside its own. */
async function config() {
  const built = new URL('../packages/server/dist/index.js', import.meta.url)
  /** @type {typeof import('@goethe/server')} */
  const { loadConfig, settings } = await import(built.href)
  const names = ['GOETHE_CONFIG', ...settings().map(({ env }) => env)]
  const env = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  try {
    return await loadConfig({ env })
  } catch (error) {
    return end(false, String(error))
  }
}

/**
 * @param {boolean} isAlive
 * @param {string} what
 * @returns {never}
 */
function end(isAlive, what) {
  if (!isAlive) console.error(`The server does not live: ${what}`)
  process.exit(isAlive ? 0 : 1)
}
