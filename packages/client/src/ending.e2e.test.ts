import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Served } from '../tests-support/served.js'

const run = promisify(execFile)

describe('a program ends by itself', () => {
  let served: Served
  beforeEach(async () => {
    served = await Served.start()
    await served.log.append('t', Buffer.from('1'))
  })
  afterEach(() => served[Symbol.asyncDispose]())

  /** Runs a program that has a client; rejects where it does not end. */
  async function output(program: string, option = ''): Promise<string> {
    const built = fileURLToPath(new URL('../dist/index.js', import.meta.url))
    const source = `
      import { connect } from ${JSON.stringify(built)}
      const log = connect('${served.proxy.address}', { ${option} })
      ${program}`
    const { stdout, stderr } = await run(
      process.execPath,
      ['--trace-warnings', '--input-type=module', '--eval', source],
      { timeout: 20_000 },
    )
    expect(stderr).toBe('')
    return stdout.trim()
  }

  it('after close()', async () => {
    const ended = await output(`
      await log.append('t', Buffer.from('2'))
      for await (const event of log.read('t', { limit: 1 })) console.log(event.text())
      const tail = log.read('t', { follow: true }).toArray().catch(({ code }) => code)
      for await (const delivery of log.consumer('t', 'c')) { await delivery.ack(); break }
      await log.close()
      console.log(await tail)`)
    expect(ended).toBe('1\nGOETHE_CLOSED')
  })

  it('without close(), once nothing was under way for a while', async () => {
    // Ten seconds of such a clock are half of one.
    const ended = await output(
      `
      const read = await log.read('t').toArray()
      console.log((await log.append('t', Buffer.from('2'))).firstSequence)
      for await (const delivery of log.consumer('t', 'c')) { await delivery.ack(); break }
      console.log(read.length)`,
      `clock: {
        now: () => BigInt(Date.now()) * 1_000_000n,
        setTimer: (callback, delayMs, kind) => {
          const timer = setTimeout(callback, delayMs / 20)
          if (kind === 'background') timer.unref()
          return () => clearTimeout(timer)
        },
      }`,
    )
    expect(ended).toBe('2\n1')
  })

  it('when it never called anything', async () => {
    expect(await output(`console.log('nothing')`)).toBe('nothing')
  })

  it('after close() while the server does not answer', async () => {
    const ended = output(
      `
      await log.topics()
      const tail = log.read('t', { follow: true })[Symbol.asyncIterator]()
      console.log((await tail.next()).value.text())
      tail.next().catch(() => undefined)
      log.append('frozen', Buffer.from('')).catch(({ code }) => console.log(code))
      await log.close()`,
      'deadlineMs: 5000',
    )
    await new Promise<void>((resolve) => {
      served.log.on('append', () => {
        resolve()
      })
    })
    served.proxy.freeze()
    expect((await ended).split('\n')[0]).toBe('1')
  })
})
