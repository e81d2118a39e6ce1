import { describe, expect, it } from 'vitest'
import { manualClock } from '@goethe/core/testing'
import type { Peer } from './discovery.js'
import { discoveryConformance } from './discovery-conformance.js'
import { DnsDiscovery, type DnsDiscoveryOptions } from './dns-discovery.js'
import { type DnsResolver, type ServiceRecord, systemResolver } from './dns-resolver.js'

/** Names and what they resolve to, as a test sets them. */
class Zone implements DnsResolver {
  hosts: readonly string[] = []
  records: readonly ServiceRecord[] = []
  isDown = false
  asked = 0

  async addresses(): Promise<readonly string[]> {
    return this.#answer(this.hosts)
  }

  async services(): Promise<readonly ServiceRecord[]> {
    return this.#answer(this.records)
  }

  #answer<Found>(found: Found): Found {
    this.asked++
    if (this.isDown) throw new Error('queryA ESERVFAIL')
    return found
  }
}

const peerAt = (member: string | undefined, address: string): Peer => ({
  member,
  address,
  isTerminating: false,
})

function subjectOf(
  options: Partial<DnsDiscoveryOptions>,
  prepare: (zone: Zone) => readonly Peer[],
  change: (zone: Zone) => readonly Peer[],
) {
  const clock = manualClock()
  const zone = new Zone()
  const initial = prepare(zone)
  const discovery = new DnsDiscovery({ name: 'goethe', clock, resolver: zone, ...options })
  /** Lets time pass until whoever watches has asked again. */
  const askedAgain = async (): Promise<void> => {
    const before = zone.asked
    while (zone.asked === before) {
      await new Promise((resolve) => setImmediate(resolve))
      // Less than an answer may take, or else none would be in time.
      clock.advance(1000)
    }
  }
  return {
    discovery,
    initial,
    change: async () => {
      const changed = change(zone)
      await askedAgain()
      return changed
    },
    fail: async () => {
      zone.isDown = true
      await askedAgain()
    },
    heal: () => {
      zone.isDown = false
    },
    close: async () => undefined,
  }
}

discoveryConformance({
  name: 'the addresses of a name',
  isLive: true,
  describe,
  it,
  start: async () =>
    subjectOf(
      { port: 1338 },
      (zone) => {
        zone.hosts = ['10.0.0.2', '10.0.0.1', 'fd00::1']
        return [
          peerAt(undefined, '10.0.0.2:1338'),
          peerAt(undefined, '10.0.0.1:1338'),
          peerAt(undefined, '[fd00::1]:1338'),
        ]
      },
      (zone) => {
        zone.hosts = ['10.0.0.3']
        return [peerAt(undefined, '10.0.0.3:1338')]
      },
    ),
})

discoveryConformance({
  name: 'the SRV records of a name',
  isLive: true,
  describe,
  it,
  start: async () =>
    subjectOf(
      {},
      (zone) => {
        zone.records = [
          { target: 'goethe-1.goethe.poets.svc.cluster.local.', port: 1338 },
          { target: 'goethe-0.goethe.poets.svc.cluster.local', port: 1339 },
        ]
        return [
          peerAt('goethe-1', 'goethe-1.goethe.poets.svc.cluster.local:1338'),
          peerAt('goethe-0', 'goethe-0.goethe.poets.svc.cluster.local:1339'),
        ]
      },
      (zone) => {
        zone.records = []
        return []
      },
    ),
})

describe('asking DNS', () => {
  it('ends in its time', async () => {
    const clock = manualClock()
    const resolver: DnsResolver = {
      addresses: () => new Promise(() => undefined),
      services: () => new Promise(() => undefined),
    }
    const discovery = new DnsDiscovery({ name: 'goethe', port: 1, clock, resolver })
    const asking = discovery.peers()
    clock.advance(5000)
    await expect(asking).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: 'DNS about goethe gave no answer in 5000 ms',
    })
  })

  it('finds this machine under its name, and nothing under one that nobody has', async () => {
    expect(await systemResolver.addresses('localhost')).toContain('127.0.0.1')
    expect(await systemResolver.addresses('nobody.invalid')).toEqual([])
  })

  it('takes a name and a port that there can be', () => {
    expect(() => new DnsDiscovery({ name: '' })).toThrow("'name' is a name in DNS")
    expect(() => new DnsDiscovery({ name: 'x', port: 0 })).toThrow("'port' is a whole number")
  })
})
