import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { assertRenewal } from '../../tests-support/certificate-renewal.js'
import { tempFolder } from '../../tests-support/temp-folder.js'
import { createLogger } from '../log-writer.js'
import { memberSecurity } from './member-security.js'

const clusterOf = (files: Record<string, string>) => ({ cluster: files }) as never

test('a certificate of a member that was renewed is taken, and a broken one is not', async () => {
  await assertRenewal({
    open: ({ ca, cert, key }, by) =>
      memberSecurity({ ...by, config: clusterOf({ tlsCa: ca, tlsCert: cert, tlsKey: key }) }),
    taken: 'New connections between members get the certificate that is new in the files',
    refused: 'The new certificate of this member cannot be used; the one before stays',
  })
})

test('a secret takes the place of another while both are in the file', async () => {
  await using folder = await tempFolder()
  const secretFile = join(folder.path, 'secret')
  const options = {
    config: clusterOf({ secretFile }),
    clock: manualClock(new Date()),
    logger: createLogger({ level: 'error', format: 'json' }, { write: () => undefined }),
  }
  await writeFile(secretFile, 'the one of before\nthe one from now on\n')
  expect(await memberSecurity(options)).toEqual({
    secrets: ['the one of before', 'the one from now on'],
  })
  await writeFile(secretFile, 'the one from now on\n')
  expect(await memberSecurity(options)).toEqual({ secrets: ['the one from now on'] })
})
