import { GoetheError } from '@goethe/core'
import { expect, it } from 'vitest'
import { type LeaderSeen, MemberRefusals } from './member-refusals.js'

const other = { member: 'goethe-0', address: 'goethe-0:1337', url: undefined, self: false }

const following: LeaderSeen['replica'] = {
  role: 'follower',
  epoch: 3,
  leader: 'goethe-0',
  hearsLeader: true,
  namedLeader: undefined,
}

function seen(
  replica: Partial<LeaderSeen['replica']> = {},
  members: Partial<LeaderSeen['members']> = {},
): LeaderSeen {
  return {
    replica: { ...following, ...replica },
    members: {
      get: (name) => (name === other.member ? other : undefined),
      leaderSince: () => undefined,
      ...members,
    },
  }
}

const elsewhere = (status: LeaderSeen | undefined): GoetheError =>
  new MemberRefusals({ status: () => status, retryDelayMs: 250 }).elsewhere()

it('who follows names the leader and its addresses', () => {
  expect(elsewhere(seen())).toMatchObject({
    code: 'GOETHE_NOT_LEADER',
    message: 'goethe-0 leads, at goethe-0:1337: writes and linearizable reads go there',
    details: { leader: 'goethe-0:1337' },
  })
  const url = 'https://goethe-0:1338'
  expect(elsewhere(seen({}, { get: () => ({ ...other, url }) }))).toMatchObject({
    message:
      'goethe-0 leads, at goethe-0:1337, over HTTP at https://goethe-0:1338: writes and ' +
      'linearizable reads go there',
    details: { leader: 'goethe-0:1337', leaderUrl: url },
  })
})

it('who follows nobody names whoever leads in its epoch or a later one', () => {
  const epochs: number[] = []
  const leaderSince = (epoch: number) => {
    epochs.push(epoch)
    return other
  }
  const nobody = { role: 'candidate', leader: undefined } as const
  const error = elsewhere(seen(nobody, { leaderSince }))
  expect(error).toMatchObject({ code: 'GOETHE_NOT_LEADER', details: { leader: other.address } })
  expect(epochs).toEqual([3])
})

const unnamed = {
  'there is no member yet': [undefined, 'has no leader at the moment'],
  'nobody leads': [seen({ leader: undefined }), 'has no leader at the moment'],
  'it is the leader itself': [
    seen({}, { get: () => ({ ...other, self: true }) }),
    'has no leader at the moment',
  ],
  'the leader is silent': [seen({ hearsLeader: false }), 'goethe-0 leads, and was not heard of'],
  'the one that is named to lead does not': [
    seen({ leader: undefined, namedLeader: 'goethe-2' }),
    'cluster.leader names goethe-2, which does not lead now',
  ],
} as const

it.each(Object.entries(unnamed))('says when to try again while %s', (_, [status, message]) => {
  const error = elsewhere(status)
  expect(error.message).toContain(message)
  expect(error).toMatchObject({ code: 'GOETHE_UNAVAILABLE', details: { retryDelayMs: 250 } })
})
