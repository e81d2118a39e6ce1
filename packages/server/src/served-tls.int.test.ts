import { EventEmitter, once } from 'node:events'
import { copyFile, mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TLSSocket, connect } from 'node:tls'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestAuthority, type TestCertificate } from '../tests-support/certificates.js'
import { type TempFolder, tempFolder } from '../tests-support/temp-folder.js'
import { type TestServer, startTestServer } from '../tests-support/test-server.js'
import { createLogger } from './log-writer.js'

let folder: TempFolder
let authority: TestAuthority
let otherAuthority: TestAuthority
let first: TestCertificate
let second: TestCertificate
let files: { tlsCert: string; tlsKey: string; tlsClientCa: string }
let clock: ManualClock
let log: EventEmitter

beforeAll(async () => {
  folder = await tempFolder()
  authority = await TestAuthority.create(folder.path)
  otherAuthority = await TestAuthority.create(folder.path, 'other')
  first = await authority.sign('first')
  second = await authority.sign('second')
})
afterAll(() => folder[Symbol.asyncDispose]())

beforeEach(async () => {
  const at = (name: string) => join(folder.path, name)
  files = { tlsCert: at('served.pem'), tlsKey: at('served.key'), tlsClientCa: at('served-ca.pem') }
  await serve(first, authority)
  clock = manualClock(new Date())
  log = new EventEmitter()
})

/** Puts a certificate where the server looks for its own. */
async function serve({ certFile, keyFile }: TestCertificate, ca: TestAuthority): Promise<void> {
  await copyFile(certFile, files.tlsCert)
  await copyFile(keyFile, files.tlsKey)
  await copyFile(ca.certFile, files.tlsClientCa)
}

function start(flags: Record<string, unknown> = files): Promise<TestServer> {
  const write = (line: string): void => {
    log.emit((JSON.parse(line) as { msg: string }).msg)
  }
  const logger = createLogger({ level: 'info', format: 'json' }, { write })
  return startTestServer({ flags, clock, logger })
}

/** Lets the server look at its files, until it has said this about them. */
async function look(message: string): Promise<void> {
  const said = once(log, message)
  clock.advance(10_000)
  await said
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const renewed = 'New connections get the certificate that is new in the files'
const broken = 'The new certificate cannot be used; the one before stays'

/** Connects to a port; the connection stays open. */
async function open(
  port: number,
  client?: TestCertificate,
): Promise<{ socket: TLSSocket; name: string }> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: [authority.cert, otherAuthority.cert],
    // Both ports are asked for what each of them speaks.
    ALPNProtocols: ['h2', 'http/1.1'],
    ...(client !== undefined && { cert: client.cert, key: client.key }),
  })
  await once(socket, 'secureConnect')
  return { socket, name: String(socket.getPeerCertificate().subject.CN) }
}

/** The names on the certificates of both ports. */
async function namesOf({ server }: TestServer): Promise<string[]> {
  const names: string[] = []
  for (const { port } of [server.addresses.http, server.addresses.grpc]) {
    const { socket, name } = await open(port)
    socket.destroy()
    names.push(name)
  }
  return names
}

describe('the certificate of a server that runs', () => {
  test('is the one of the files again for new connections, on both ports', async () => {
    await using server = await start()
    const { http, grpc } = server.server.addresses
    const [old, oldGrpc] = [await open(http.port), await open(grpc.port)]
    // One that says nothing would be closed after a while.
    oldGrpc.socket.write(preface)
    await once(oldGrpc.socket, 'data')
    expect(await namesOf(server)).toEqual(['first', 'first'])
    await serve(second, authority)
    await look(renewed)
    expect(await namesOf(server)).toEqual(['second', 'second'])
    expect([old.socket.closed, oldGrpc.socket.closed]).toEqual([false, false])
    old.socket.destroy()
    oldGrpc.socket.destroy()
  })

  test('stays when the new files are broken, do not fit or are gone, and changes when they are mended', async () => {
    await using server = await start()
    await writeFile(files.tlsCert, 'not a certificate')
    await look(broken)
    expect(await namesOf(server)).toEqual(['first', 'first'])
    await copyFile(second.certFile, files.tlsCert)
    // The key is still that of the first.
    await look(broken)
    expect(await namesOf(server)).toEqual(['first', 'first'])
    await rename(files.tlsKey, `${files.tlsKey}.gone`)
    await look(broken)
    expect(await namesOf(server)).toEqual(['first', 'first'])
    await copyFile(second.keyFile, files.tlsKey)
    await look(renewed)
    expect(await namesOf(server)).toEqual(['second', 'second'])
  })

  test('changes when the link to its folder is swapped, as Kubernetes does', async () => {
    const at = (name: string) => join(folder.path, name)
    for (const [name, certificate] of [
      ['one', first],
      ['two', second],
    ] as const) {
      await mkdir(at(name))
      await copyFile(certificate.certFile, join(at(name), 'tls.crt'))
      await copyFile(certificate.keyFile, join(at(name), 'tls.key'))
    }
    await symlink('one', at('data'))
    const flags = { tlsCert: join(at('data'), 'tls.crt'), tlsKey: join(at('data'), 'tls.key') }
    await using server = await start(flags)
    expect(await namesOf(server)).toEqual(['first', 'first'])
    await symlink('two', at('data-next'))
    await rename(at('data-next'), at('data'))
    await look(renewed)
    expect(await namesOf(server)).toEqual(['second', 'second'])
  })

  test('an authority of clients that is taken away counts no longer, on both ports', async () => {
    const flags = { ...files, tlsRequireClientCert: true }
    await using server = await start(flags)
    const client = await authority.sign('client')
    const { http, grpc } = server.server.addresses
    for (const { port } of [http, grpc]) expect(await isWelcome(port, client)).toBe(true)
    await serve(first, otherAuthority)
    await look(renewed)
    for (const { port } of [http, grpc]) expect(await isWelcome(port, client)).toBe(false)
  })

  test('that does not fit its key keeps a server from starting', async () => {
    await copyFile(second.keyFile, files.tlsKey)
    await expect(start()).rejects.toThrow(
      'tls.cert, tls.key and tls.clientCa do not make a certificate with its key',
    )
  })
})

/** TLS 1.3 refuses a client only after it believes to be connected: bytes or the end tell. */
async function isWelcome(port: number, client: TestCertificate): Promise<boolean> {
  const { socket } = await open(port, client)
  socket.write(socket.alpnProtocol === 'h2' ? preface : 'GET /livez\r\n\r\n')
  return new Promise((resolve) => {
    socket.once('data', () => {
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
    socket.once('close', () => {
      resolve(false)
    })
  }).finally(() => socket.destroy()) as Promise<boolean>
}
