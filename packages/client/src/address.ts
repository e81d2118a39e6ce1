/** Where a server is, as users write it: `goethe://host:port`. */
import { ArgumentError } from '@goethe/core'
import { describeValue } from '@goethe/core/contract'

export interface Address {
  host: string
  port: number
}

export const portDefault = 1337

/** One address, several with commas between, or a list. Throws ArgumentError for anything else. */
export function parseAddresses(addresses: string | readonly string[]): Address[] {
  const list = typeof addresses === 'string' ? addresses.split(',') : addresses
  if (!Array.isArray(list) || list.length === 0) {
    throw new ArgumentError(
      `An address is ${example}, or an array of them; got ${describe(addresses)}`,
    )
  }
  return list.map(parseAddress)
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const example = "'goethe://host:port'"

function parseAddress(text: unknown): Address {
  if (typeof text !== 'string') {
    throw new ArgumentError(`An address is ${example}; got ${describe(text)}`)
  }
  const withScheme = text.includes('://') ? text.trim() : `goethe://${text.trim()}`
  let url: URL
  try {
    url = new URL(withScheme)
  } catch (cause) {
    throw new ArgumentError(`An address is ${example}, with a port up to 65535; got '${text}'`, {
      cause,
    })
  }
  if (url.protocol !== 'goethe:') {
    throw new ArgumentError(
      `An address begins with goethe://, and its port is that of gRPC, not of HTTP; got '${text}'`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ArgumentError("An address holds no user; pass { token: '…' } to connect()")
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new ArgumentError(`Behind the port of an address there is nothing; got '${text}'`)
  }
  if (url.hostname === '') throw new ArgumentError(`An address is ${example}; got '${text}'`)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? portDefault : Number(url.port),
  }
}

function describe(value: unknown): string {
  return Array.isArray(value) ? 'an empty array' : describeValue(value)
}
