import { connect as connectTcp } from 'node:net'
import type { Client, ServerStatus } from '@goethe/client'
import { isGoetheError } from '@goethe/core'
import { durabilityText } from './durability-text.js'
import { formatDuration } from './duration.js'
import { messageOf } from './failure.js'
import { type Finding, bad, good, warning } from './finding.js'
import type { ServerPlace } from './log-place.js'
import { openServer } from './open-log.js'

const portDefault = 1337
const timeoutMs = 5000
const clockDifferenceMsMax = 1000

/** Looks at a server, from the network to what its log says. */
export async function* examineServer(
  place: ServerPlace,
  ownVersion: string,
): AsyncGenerator<Finding> {
  // Throws where the address, the token or a certificate is no such thing.
  const client = await openServer(place, { deadlineMs: timeoutMs })
  try {
    const { host, port } = hostOf(place.address)
    const refusal = await reach(host, port)
    if (refusal !== undefined) {
      yield bad(
        'network',
        `Nothing answers at ${host}:${port} (${refusal}).`,
        place.isDefault
          ? 'Start a server: goethe serve --data DIRECTORY. Or name a log: --server or --data.'
          : 'Is the server running, does it listen on that address (not only on 127.0.0.1), and ' +
              'does no firewall stand between?',
      )
      return
    }
    yield good('network', `${host}:${port} can be reached.`)
    const status = await statusOf(client, place)
    if ('state' in status) {
      yield status
      return
    }
    yield* said(status.status, status.clockDifferenceMs, ownVersion)
    yield encryption(place, host)
    yield await rights(client)
  } finally {
    await client.close()
  }
}

function hostOf(address: string): { host: string; port: number } {
  const [first = ''] = address.split(',')
  const { hostname, port } = new URL(first.includes('://') ? first : `goethe://${first}`)
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? portDefault : Number(port),
  }
}

/** Why no connection can be made; undefined when one can. */
function reach(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: timeoutMs })
    const end = (refusal: string | undefined): void => {
      socket.destroy()
      resolve(refusal)
    }
    socket.once('connect', () => {
      end(undefined)
    })
    socket.once('timeout', () => {
      end('no answer')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? error.message)
    })
  })
}

async function statusOf(
  client: Client,
  place: ServerPlace,
): Promise<Finding | { status: ServerStatus; clockDifferenceMs: number }> {
  try {
    // The first call also connects; what counts is how long the second takes.
    await client.status()
    const before = Date.now()
    const status = await client.status()
    const here = (before + Date.now()) / 2
    return { status, clockDifferenceMs: Number(status.now / 1_000_000n) - here }
  } catch (error) {
    if (!isGoetheError(error)) throw error
    const message = `${messageOf(error)}.`
    if (error.code === 'GOETHE_UNAUTHENTICATED') {
      return bad(
        'token',
        message,
        place.token === undefined
          ? 'The server wants to know who you are: pass --token or set GOETHE_TOKEN.'
          : 'Compare the token with the configuration of the server, which holds its SHA-256.',
      )
    }
    if (error.code === 'GOETHE_FORBIDDEN') {
      return bad('rights', message, 'Ask for a grant in the configuration of the server.')
    }
    return bad(
      'connection',
      message,
      place.tls === undefined
        ? 'Something listens there, but does not answer as a Goethe server without encryption. ' +
            'If it uses TLS, pass --tls or --tls-ca; mind that gRPC and HTTP have their own ports.'
        : 'Something listens there, but no encrypted connection comes about. Does the server use ' +
            'TLS, is its certificate for this host name, and has --tls-ca signed it?',
    )
  }
}

function* said(
  { version, logId, durability, writable, reason }: ServerStatus,
  clockDifferenceMs: number,
  ownVersion: string,
): Generator<Finding> {
  yield version === ownVersion
    ? good('version', `Server and command line are of version ${version}.`)
    : warning(
        'version',
        `The server is of version ${version}, this command of ${ownVersion}.`,
        'Use the same version for both, at least before you report an error.',
      )
  yield writable
    ? good(
        'log',
        `The log ${logId} takes appends; an append counts once it is ${durabilityText[durability]}.`,
      )
    : warning('log', `The log ${logId} takes no appends: ${reason}.`, 'Look at the server itself.')
  const difference = formatDuration(Math.abs(clockDifferenceMs))
  const side = clockDifferenceMs > 0 ? 'ahead of' : 'behind'
  yield Math.abs(clockDifferenceMs) <= clockDifferenceMsMax
    ? good('clock', `The clock of the server is that of this machine, within ${difference}.`)
    : warning(
        'clock',
        `The clock of the server is ${difference} ${side} that of this machine.`,
        'Times of events are those of the server: correct whichever clock is wrong.',
      )
}

function encryption({ tls, token }: ServerPlace, host: string): Finding {
  if (tls !== undefined) return good('encryption', 'The connection is encrypted.')
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.')
  if (isLocal) return good('encryption', 'The connection does not leave this machine.')
  return warning(
    'encryption',
    `Everybody between here and ${host} can read what is sent${token === undefined ? '' : ', the token as well'}.`,
    'Give the server a certificate (tls.cert, tls.key), and pass --tls or --tls-ca.',
  )
}

async function rights(client: Client): Promise<Finding> {
  try {
    const topics = await client.topics({ limit: 10_000 })
    const count = topics.length === 10_000 ? '10,000 topics or more' : `${topics.length} topics`
    return good('rights', `You can see ${count}.`)
  } catch (error) {
    if (!isGoetheError(error)) throw error
    return warning(
      'rights',
      `${messageOf(error)}.`,
      'You can work with single topics if you have rights in them.',
    )
  }
}
