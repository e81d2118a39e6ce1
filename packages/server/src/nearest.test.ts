import { expect, test } from 'vitest'
import { nearest } from './nearest.js'

const known = ['grpc.port', 'grpc.host', 'http.port', 'legacy']

test.each([
  ['grpc.prot', 'grpc.port'],
  ['grpcport', 'grpc.port'],
  ['GRPC.PORT', 'grpc.port'],
  ['legcy', 'legacy'],
  ['https.port', 'http.port'],
])('%s is probably %s', (word, expected) => {
  expect(nearest(word, known)).toBe(expected)
})

test.each(['zookeeper', '', 'x'])('%j is like nothing', (word) => {
  expect(nearest(word, known)).toBeUndefined()
})
