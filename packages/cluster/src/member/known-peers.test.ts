import { describe, expect, it } from 'vitest'
import { calm } from '../../tests-support/gossip-world.js'
import { KnownPeers } from './known-peers.js'

const peer = (member: string | undefined, address: string) => ({
  member,
  address,
  isTerminating: false,
})
const view = (member: string, peerAddress?: string) => ({
  member,
  report: { ...calm, peerAddress },
})

describe('the peers of a member', () => {
  it('are those that discovery names, without itself and who has no name', () => {
    const known = new KnownPeers('a', false)
    known.discovered([peer('a', 'a:1'), peer('b', 'b:1'), peer(undefined, 'x:1')])
    expect([...known.addresses]).toEqual([['b', 'b:1']])
    expect(known.heard([view('c', 'c:1')])).toBe(false)
    expect(known.names).toEqual(['b'])
  })

  it('are those too that made themselves known, where discovery does not name all', () => {
    const known = new KnownPeers('a', true)
    known.discovered([peer('a', 'a:1'), peer('b', 'b:1')])
    const heard = [view('a', 'other:1'), view('b', 'other:1'), view('c', 'c:1'), view('d')]
    expect(known.heard([...heard, view('e', 'no address')])).toBe(true)
    expect([...known.addresses]).toEqual([
      ['b', 'b:1'],
      ['c', 'c:1'],
    ])
    expect(known.found).toEqual(['b'])
    expect(known.heard(heard)).toBe(false)
    expect(known.heard([view('c', 'c:2')])).toBe(true)
    expect(known.addresses.get('c')).toBe('c:2')
    // Gossip has forgotten it.
    expect(known.heard([])).toBe(true)
    expect(known.names).toEqual(['b'])
  })
})
