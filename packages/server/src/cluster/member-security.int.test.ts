import { EventEmitter, once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PeerTlsFiles } from '@goethe/cluster'
import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { TestAuthority } from '../../tests-support/certificates.js'
import { tempFolder } from '../../tests-support/temp-folder.js'
import { createLogger } from '../log-writer.js'
import { memberSecurity } from './member-security.js'

const clusterOf = (files: Record<string, string>) => ({ cluster: files }) as never

test('a certificate of a member that was renewed is taken, and a broken one is not', async () => {
  await using folder = await tempFolder()
  const authority = await TestAuthority.create(folder.path)
  const [first, second] = [await authority.sign('goethe-0'), await authority.sign('goethe-0 again')]
  const tlsCert = join(folder.path, 'tls.crt')
  const tlsKey = join(folder.path, 'tls.key')
  const put = async (cert: string, key: string): Promise<void> => {
    await writeFile(tlsCert, cert)
    await writeFile(tlsKey, key)
  }
  await put(first.cert, first.key)
  const clock = manualClock(new Date())
  const log = new EventEmitter()
  const write = (line: string) => void log.emit((JSON.parse(line) as { msg: string }).msg)
  const security = await memberSecurity({
    config: clusterOf({ tlsCa: authority.certFile, tlsCert, tlsKey }),
    clock,
    logger: createLogger({ level: 'info', format: 'json' }, { write }),
  })
  expect(security.tls?.cert).toBe(first.cert.trim())

  const used: PeerTlsFiles[] = []
  const stop = security.watchTls!((files) => {
    if (String(files.cert).startsWith('no')) throw new Error('It is no certificate')
    used.push(files)
  })
  const look = async (message: string): Promise<void> => {
    const said = once(log, message)
    clock.advance(10_000)
    await said
  }
  await put('no certificate', second.key)
  await look('The new certificate of this member cannot be used; the one before stays')
  expect(used).toEqual([])
  await put(second.cert, second.key)
  await look('New connections between members get the certificate that is new in the files')
  expect(used).toEqual([
    { ca: authority.cert.trim(), cert: second.cert.trim(), key: second.key.trim() },
  ])
  stop()
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
