import { describe, expect, test } from 'vitest'
import { type Role, rulesFor, unusedRights } from './role.js'

const role: Role = {
  rules: [
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: ['goethe'],
      verbs: ['get', 'create', 'list'],
    },
  ],
}
const asked = (verb: string, name: string | undefined, group = 'coordination.k8s.io') => ({
  verb,
  group,
  resource: 'leases',
  namespace: 'weimar',
  name,
})

describe('a Role', () => {
  test.each([
    ['what it says', asked('get', 'goethe'), 1],
    ['a list of the one object that it names', asked('list', 'goethe'), 1],
    ['no other object', asked('get', 'other'), 0],
    ['no list of all where it names one', asked('list', undefined), 0],
    ['nothing to be created where it names one', asked('create', undefined), 0],
    ['no other verb', asked('delete', 'goethe'), 0],
    ['no other group', asked('get', 'goethe', 'apps'), 0],
  ])('allows %s', (_, right, rules) => {
    expect(rulesFor(role, right)).toHaveLength(rules)
  })

  test('has rights too many where nobody asks for them', () => {
    expect(unusedRights(role, [asked('get', 'goethe'), asked('create', undefined)])).toEqual([
      'create leases',
      'list leases',
    ])
    expect(unusedRights(role, [])).toHaveLength(3)
  })
})
