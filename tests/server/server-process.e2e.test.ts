import { connect } from '@goethe/client'
import { expect, test } from 'vitest'
import { startServerProcess } from './server-process.js'

test('a server process serves a client and ends when it is told to', async () => {
  await using server = await startServerProcess({ args: ['--disk-reserve-bytes', '0'] })
  const log = connect(server.address)
  await log.append('plays', new TextEncoder().encode('Faust'))
  const [event] = await log.read('plays').toArray()
  expect(event?.text()).toBe('Faust')
  const live = await fetch(`${server.url}/livez`)
  expect(live.status).toBe(200)
  await log.close()
  server.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(server.stderr).toBe('')
})

test('a server that cannot start says why', async () => {
  const starting = startServerProcess({ args: ['--durability', 'maybe'] })
  await expect(starting).rejects.toThrow(/goethe serve ended \(2\)[^]*--durability is 'maybe'/)
})
