/** Where a member listens: `host:port`, with brackets around the host of IPv6. */
import { ArgumentError } from '@goethe/core'

export interface PeerAddress {
  readonly host: string
  readonly port: number
}

/** Whether `parsePeerAddress` takes it. */
export function isPeerAddress(address: string): boolean {
  try {
    parsePeerAddress(address)
    return true
  } catch {
    return false
  }
}

/** Throws ArgumentError. */
export function parsePeerAddress(address: string): PeerAddress {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new ArgumentError(`The address of a member is 'host:port'; got '${address}'`)
  }
  return { host: (match[1] ?? match[2])!, port }
}

/** An address that stands for all of a host is none that others could use: clients know its name. */
export function reachedAt(host: string, port: number, clientAddress: string): string {
  const isAny = host === '0.0.0.0' || host === '::'
  if (isAny) return `${clientAddress.replace(/:\d+$/, '')}:${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
