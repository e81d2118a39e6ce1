import { describe, expect, it } from 'vitest'
import { readConfig } from './config.js'
import { ConfigError } from './config-error.js'

const three = ['goethe-0=a:1', 'goethe-1=b:1', 'goethe-2=c:1']

function problemsOf(cluster: object): readonly string[] {
  const settings = { member: 'goethe-1', secretFile: 'secret', ...cluster }
  try {
    readConfig({ file: { path: 'goethe.yaml', text: JSON.stringify({ cluster: settings }) } })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const named = (cluster: object) =>
  problemsOf({ mode: 'static', leader: 'goethe-0', peers: three, ...cluster })

describe('a leader that is named', () => {
  it('needs all members, and a majority of them to acknowledge', () => {
    expect(named({})).toEqual([])
    expect(named({ minInSync: 3 })).toEqual([])
    expect(named({ peers: ['goethe-1=b:1'], leader: 'goethe-1', minInSync: 1 })).toEqual([])
  })

  it('is refused where fewer than a majority could acknowledge', () => {
    expect(named({ minInSync: 1 })).toEqual([
      expect.stringMatching(
        /^cluster\.minInSync is 1, .* a majority of the 3 members .* set 2, or up to 3$/,
      ),
    ])
    const four = [...three, 'goethe-3=d:1']
    expect(named({ peers: four })).toEqual([expect.stringContaining('set 3, or up to 4')])
    expect(named({ minInSync: 4 })).toEqual([expect.stringContaining('minInSync is 4')])
  })

  it('has to be a member, as has this one', () => {
    expect(named({ leader: undefined })).toEqual([
      'cluster.leader is missing: name the member that leads, the same one on all',
    ])
    expect(named({ leader: 'goethe-7' })).toEqual([
      'cluster.leader is goethe-7, which is no member: cluster.peers names goethe-0, goethe-1, goethe-2',
    ])
    expect(named({ member: 'goethe-7' })).toEqual([
      expect.stringContaining('cluster.member is goethe-7, which is not among the members'),
    ])
  })

  it('is refused where nobody knows how many members there are', () => {
    expect(named({ peers: [] })).toEqual(['cluster.peers is empty: name all members, this one too'])
    expect(named({ dns: 'goethe.example.org' })).toEqual([
      expect.stringContaining('it has to be known how many members there are'),
    ])
    expect(named({ peers: [...three, 'goethe-0=e:1'], minInSync: 3 })).toEqual([
      'cluster.peers names a member twice: goethe-0, goethe-1, goethe-2, goethe-0',
    ])
  })

  it('is refused where members choose', () => {
    const etcd = { mode: 'etcd', etcdEndpoints: ['http://127.0.0.1:2379'], peers: three }
    expect(problemsOf(etcd)).toEqual([])
    expect(problemsOf({ ...etcd, leader: 'goethe-0' })).toEqual([
      expect.stringContaining('with cluster.mode etcd members choose who leads'),
    ])
  })
})
