import fc from 'fast-check'
import { isGoetheError } from '@goethe/core'
import { describe, expect, it } from 'vitest'
import { decodeGossip, encodeGossip } from './gossip-codec.js'
import type { GossipMessage } from './gossip-message.js'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const count = fc.maxSafeNat()
const digest = fc.record({ member: text, generation: count, version: count })
const report = fc.record(
  {
    health: fc.constantFrom('serving', 'catching-up', 'draining', 'unhealthy'),
    reason: text,
    role: fc.constantFrom('leader', 'follower', 'candidate'),
    peerAddress: text,
    clusterId: text,
    epoch: count,
    lastLsn: count,
    lastEpoch: count,
    commitLsn: count,
    load: fc.double({ min: 0, max: 1, noNaN: true }).map((load) => load + 0),
    hearsLeader: fc.boolean(),
  },
  { requiredKeys: ['health', 'role', 'epoch', 'lastLsn', 'commitLsn', 'load', 'hearsLeader'] },
)
const state = fc
  .tuple(
    digest,
    fc.record(
      { storeId: text, incarnation: text, address: text, url: text, report },
      { requiredKeys: ['storeId', 'incarnation', 'address', 'report'] },
    ),
  )
  .map(([version, rest]) => ({ ...version, ...rest }))
const states = fc.array(state, { maxLength: 5 })
const body = fc.oneof(
  fc.record({ type: fc.constant('digest'), digest: fc.array(digest, { maxLength: 5 }) }),
  fc.record({ type: fc.constant('answer'), states, wanted: fc.array(text, { maxLength: 5 }) }),
  fc.record({ type: fc.constant('states'), states }),
)
const message = fc.record({ from: text, clusterId: text, body }) as fc.Arbitrary<GossipMessage>

describe('gossip on the wire', () => {
  it('says what was said', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeGossip(encodeGossip(value))).toEqual(value)
      }),
    )
  })

  it('need not say what an earlier version does not', () => {
    const calm = { health: 'serving', role: 'follower', load: 0, hearsLeader: true } as const
    const report = { ...calm, epoch: 3, lastLsn: 300, commitLsn: 300 }
    const identity = { member: 'b', storeId: 'store of b', incarnation: 'b/1', address: 'b:1337' }
    const states = [{ ...identity, generation: 1, version: 1, report }]
    const said: GossipMessage = { from: 'b', clusterId: 'c', body: { type: 'states', states } }
    expect(decodeGossip(encodeGossip(said))).toEqual(said)
    const wrong = { ...report, lastEpoch: -1 }
    const body = { type: 'states', states: [{ ...states[0]!, report: wrong }] } as const
    expect(() => decodeGossip(encodeGossip({ ...said, body }))).toThrow('a report')
  })

  it('is refused, and nothing worse, when it says something else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          decodeGossip(new TextEncoder().encode(JSON.stringify(value)))
        } catch (error) {
          expect(isGoetheError(error, 'GOETHE_CORRUPT')).toBe(true)
        }
      }),
    )
    expect(() => decodeGossip(new Uint8Array([255, 0]))).toThrow('Gossip is JSON')
  })
})
