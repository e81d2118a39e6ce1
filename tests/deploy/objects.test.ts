import { describe, expect, test } from 'vitest'
import { objectsIn, problemsOf } from './objects.js'

const service = (spec: string): string => `
apiVersion: v1
kind: Service
metadata:
  name: goethe
spec: ${spec}
`

describe('what is wrong with an object', () => {
  test('is nothing where all is well, and in what Kubernetes does not define', () => {
    const monitor =
      'apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: { name: a }'
    const yaml = `${service('{ ports: [{ port: 1337 }] }')}---\n${monitor}\n---\n`
    expect(objectsIn(yaml)).toHaveLength(2)
    expect(problemsOf(objectsIn(yaml))).toEqual([])
  })

  test.each([
    [
      'a field that there is not',
      '{ ports: [{ port: 1337, prot: TCP }] }',
      /Service goethe: .*prot/,
    ],
    ['one that is missing', '{ ports: [{ name: grpc }] }', /Service goethe: .*port/],
    ['a value of another type', '{ publishNotReadyAddresses: "yes" }', /publishNotReadyAddresses/],
  ])('is %s', (_, spec, expected) => {
    expect(problemsOf(objectsIn(service(spec))).join('\n')).toMatch(expected)
  })
})
