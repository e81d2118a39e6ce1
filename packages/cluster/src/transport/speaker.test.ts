import { expect, test } from 'vitest'
import type { PeerIdentity } from './peer-transport.js'
import { checkSpeaker } from './speaker.js'

const peer: PeerIdentity = { clusterId: 'c', member: 'b', storeId: 'b/1', incarnation: 'b#1' }
const own = { member: 'b', storeId: 'b/1', incarnation: 'b#1' }

test('a peer speaks for the member, store and process that it is', () => {
  for (const said of [own, { member: 'b' }, { member: 'b', storeId: 'b/1' }]) {
    expect(() => {
      checkSpeaker(peer, said)
    }).not.toThrow()
  }
})

test.each([
  ['member', { ...own, member: 'c' }, 'member "c"; when it connected it was member "b"'],
  ['store', { ...own, storeId: 'b/2' }, 'store "b/2"; when it connected it was store "b/1"'],
  [
    'process',
    { ...own, incarnation: 'b#0' },
    'process "b#0"; when it connected it was process "b#1"',
  ],
])('a peer does not speak for another %s', (_, said, sentence) => {
  expect(() => {
    checkSpeaker(peer, said)
  }).toThrow(
    expect.objectContaining({
      code: 'GOETHE_UNAUTHENTICATED',
      message: expect.stringContaining(`Member b sent something in the name of ${sentence}`),
    }),
  )
})
