/** What is asked of DNS. */
import { lookup, resolveSrv } from 'node:dns/promises'

export interface ServiceRecord {
  readonly target: string
  readonly port: number
}

export interface DnsResolver {
  /** IPv4 and IPv6 addresses of a name; none where there is no such name. */
  addresses(name: string): Promise<readonly string[]>
  /** SRV records of a name; none where there is no such name. */
  services(name: string): Promise<readonly ServiceRecord[]>
}

/** As this machine resolves: addresses by its own rules (hosts file, search domains), SRV by DNS. */
export const systemResolver: DnsResolver = {
  addresses: (name) =>
    noneIfAbsent(lookup(name, { all: true }).then((found) => found.map(({ address }) => address))),
  services: (name) =>
    noneIfAbsent(
      resolveSrv(name).then((found) => found.map(({ name: target, port }) => ({ target, port }))),
    ),
}

/** A name that does not exist is an answer, others are none: a Service without pods has no name. */
async function noneIfAbsent<Found>(resolving: Promise<Found[]>): Promise<Found[]> {
  try {
    return await resolving
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    throw error
  }
}
