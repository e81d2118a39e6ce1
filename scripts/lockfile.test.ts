import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the lockfile names no host, so that any registry serves it', () => {
  const lockfile = readFileSync(new URL('../pnpm-lock.yaml', import.meta.url), 'utf8')
  expect(lockfile).toContain('integrity:')
  expect(lockfile).not.toMatch(/:\/\/|tarball:/)
})
