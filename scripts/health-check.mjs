// For containers: ends with 0 when the server in this container lives. It asks where the server's
// own variables say that it listens.
import { get as getPlain } from 'node:http'
import { get as getEncrypted } from 'node:https'

const { GOETHE_HTTP_PORT: port = '1338', GOETHE_TLS_CERT: certificate } = process.env
const timeoutMs = 4000

const request = certificate
  ? // Whether the certificate is a good one is for clients to judge, who know its name.
    getEncrypted({ port, path: '/livez', rejectUnauthorized: false, timeout: timeoutMs })
  : getPlain({ port, path: '/livez', timeout: timeoutMs })

request.on('response', ({ statusCode }) => end(statusCode === 200, `status ${statusCode}`))
request.on('timeout', () => end(false, 'no answer in time'))
request.on('error', (error) => {
  // It asks us for a certificate: so it is there.
  end('code' in error && String(error.code).includes('CERTIFICATE_REQUIRED'), error.message)
})

/**
 * @param {boolean} isAlive
 * @param {string} what
 */
function end(isAlive, what) {
  if (!isAlive) console.error(`The server does not live: ${what}`)
  process.exit(isAlive ? 0 : 1)
}
