import { GoetheError, type GoetheErrorCode } from '@goethe/core'
import { expect, test } from 'vitest'
import { exitCodeTable } from './exit-code.js'
import { exitCodeOf } from './failure.js'

const codes: readonly (readonly [GoetheErrorCode, number])[] = [
  ['GOETHE_WRITE_FAILED', 1],
  ['GOETHE_UNAVAILABLE', 1],
  ['GOETHE_INVALID_ARGUMENT', 2],
  ['GOETHE_TOPIC_NOT_FOUND', 3],
  ['GOETHE_CONFLICT', 4],
  ['GOETHE_DEADLINE', 5],
  ['GOETHE_OUTCOME_UNKNOWN', 5],
]

test.each(codes)('%s ends a command with %i, which --help explains', (code, exitCode) => {
  expect(exitCodeOf(new GoetheError(code, 'it is so'))).toBe(exitCode)
  expect(exitCodeTable).toMatch(new RegExp(`^ +${exitCode} `, 'm'))
})
