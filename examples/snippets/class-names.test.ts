import * as client from '@goethe/client'
import * as core from '@goethe/core'
import { expect, it } from 'vitest'

it.each([
  ['core', core],
  ['client', client],
])(
  'what %s exports has the name under which it is exported, as stack traces show it',
  (_, module) => {
    const functions = Object.entries(module).filter(([, value]) => typeof value === 'function')
    expect(functions.map(([, { name }]) => name)).toEqual(functions.map(([name]) => name))
  },
)
