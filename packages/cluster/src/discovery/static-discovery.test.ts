import { describe, expect, it } from 'vitest'
import { discoveryConformance } from './discovery-conformance.js'
import { StaticDiscovery } from './static-discovery.js'

discoveryConformance({
  name: 'a static list',
  isLive: false,
  describe,
  it,
  start: async () => ({
    discovery: new StaticDiscovery(['goethe-1=[::1]:1338', '10.0.0.9:1338', 'goethe-0=host:1338']),
    initial: [
      { member: 'goethe-1', address: '[::1]:1338', isTerminating: false },
      { member: undefined, address: '10.0.0.9:1338', isTerminating: false },
      { member: 'goethe-0', address: 'host:1338', isTerminating: false },
    ],
    close: async () => undefined,
  }),
})

describe('a static list', () => {
  it.each([
    [[], /Peers are a list such as 'goethe-0=10\.0\.0\.1:1338'/],
    [['goethe-0'], /A peer is written like .*; got "goethe-0"/],
    [['a=b=c:1'], /A peer is written like/],
    [['a=host:70000'], /A peer is written like/],
    [['a=host:1', 'a=host:2'], /Each peer is named once; got a=host:1, a=host:2/],
  ])('of %j is a wrong argument', (peers, message) => {
    expect(() => new StaticDiscovery(peers)).toThrow(message)
  })
})
