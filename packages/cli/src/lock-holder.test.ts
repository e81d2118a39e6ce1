import { expect, test } from 'vitest'
import { pidOf } from './lock-holder.js'

const locks = `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF
2: FLOCK  ADVISORY  WRITE 99 00:2c:567 0 EOF
3: POSIX  ADVISORY  READ 77 08:01:777 0 EOF
`

test('the process that writes a file is found by its inode', () => {
  expect(pidOf(locks, 5678)).toBe(1234)
  expect(pidOf(locks, 567)).toBe(99)
})

test('nobody is found where nobody has locked it', () => {
  expect(pidOf(locks, 777)).toBeUndefined()
  expect(pidOf(locks, 1)).toBeUndefined()
})
