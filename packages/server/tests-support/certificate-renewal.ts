/** What is expected wherever a certificate of our own is read again from its files. */
import { EventEmitter, once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { expect } from 'vitest'
import { type Logger, createLogger } from '../src/log-writer.js'
import { TestAuthority } from './certificates.js'
import { tempFolder } from './temp-folder.js'

interface Files {
  ca?: string | Buffer | undefined
  cert?: string | Buffer | undefined
  key?: string | Buffer | undefined
}

interface Watched {
  readonly tls?: Files | undefined
  watchTls?(use: (files: Files) => void): () => void
}

export interface CertificateRenewal {
  /** Opens what takes these files, which it is given the paths of. */
  open(
    paths: { ca: string; cert: string; key: string },
    by: { clock: Clock; logger: Logger },
  ): Promise<Watched>
  /** What is logged when new files are taken, and when they cannot be. */
  readonly taken: string
  readonly refused: string
}

/** New files are taken within ten seconds, and broken ones are not. */
export async function assertRenewal({ open, taken, refused }: CertificateRenewal): Promise<void> {
  await using folder = await tempFolder()
  const authority = await TestAuthority.create(folder.path)
  const [first, second] = [await authority.sign('goethe-0'), await authority.sign('goethe-0 again')]
  const paths = {
    ca: authority.certFile,
    cert: join(folder.path, 'tls.crt'),
    key: join(folder.path, 'tls.key'),
  }
  const put = async (cert: string, key: string): Promise<void> => {
    await writeFile(paths.cert, cert)
    await writeFile(paths.key, key)
  }
  await put(first.cert, first.key)
  const clock = manualClock(new Date())
  const log = new EventEmitter()
  const write = (line: string) => void log.emit((JSON.parse(line) as { msg: string }).msg)
  const logger = createLogger({ level: 'info', format: 'json' }, { write })
  const watched = await open(paths, { clock, logger })
  expect(watched.tls?.cert).toBe(first.cert.trim())

  const used: Files[] = []
  const stop = watched.watchTls!((files) => {
    if (String(files.cert).startsWith('no')) throw new Error('It is no certificate')
    used.push(files)
  })
  const look = async (message: string): Promise<void> => {
    const said = once(log, message)
    clock.advance(10_000)
    await said
  }
  await put('no certificate', second.key)
  await look(refused)
  expect(used).toEqual([])
  await put(second.cert, second.key)
  await look(taken)
  expect(used).toEqual([
    { ca: authority.cert.trim(), cert: second.cert.trim(), key: second.key.trim() },
  ])
  stop()
}
