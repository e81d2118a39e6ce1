import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { assertRenewal } from '../../tests-support/certificate-renewal.js'
import { createLogger } from '../log-writer.js'
import { etcdAccess } from './etcd-access.js'

const clusterOf = (settings: Record<string, string>) => ({ cluster: settings }) as never

test('a certificate for etcd that was renewed is taken, and a broken one is not', async () => {
  await assertRenewal({
    open: ({ ca, cert, key }, by) =>
      etcdAccess({ ...by, config: clusterOf({ etcdCa: ca, etcdCert: cert, etcdCertKey: key }) }),
    taken: 'New connections to etcd are made with the certificate that is new in the files',
    refused: 'The new certificate for etcd cannot be used; the one before stays',
  })
})

test('where no files are named, etcd is spoken to as it is', async () => {
  const by = {
    clock: manualClock(new Date()),
    logger: createLogger({ level: 'silent', format: 'json' }),
  }
  expect(await etcdAccess({ ...by, config: clusterOf({}) })).toEqual({})
  const user = { name: 'wolfgang', password: '' }
  const config = clusterOf({ etcdUser: user.name })
  expect(await etcdAccess({ ...by, config })).toEqual({ user })
})
