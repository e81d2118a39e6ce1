import { GoetheError } from '@goethe/core'
import { expect, test } from 'vitest'
import type { Config } from './config.js'
import { createLogger } from './log-writer.js'

function collect(settings: Config['log']) {
  const lines: string[] = []
  const logger = createLogger(settings, { write: (line) => void lines.push(line) })
  return { logger, lines }
}

test('a line is a JSON object with time, level and message', () => {
  const { logger, lines } = collect({ level: 'info', format: 'json' })
  logger.info({ port: 1 }, 'listens')
  logger.debug('not shown')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), port: 1, msg: 'listens' },
  ])
})

test('what a caller proves itself with is not shown', () => {
  const { logger, lines } = collect({ level: 'info', format: 'json' })
  logger.info({ authorization: 'Bearer x1', headers: { authorization: 'x2', cookie: 'x3' } })
  logger.info({ request: { headers: { authorization: 'x4' } }, token: 'x5' })
  expect(lines.join('')).not.toMatch(/x[1-5]/)
})

test('an error has its code and cause, and a stack where it is a defect', () => {
  const { logger, lines } = collect({ level: 'info', format: 'json' })
  const cause = new Error('EIO')
  logger.error({ error: new GoetheError('GOETHE_WRITE_FAILED', 'no', { cause }) })
  logger.error({ error: new Error('defect') })
  const [known, defect] = lines.map((line) => (JSON.parse(line) as { error: object }).error)
  expect(known).toEqual({ code: 'GOETHE_WRITE_FAILED', message: 'no', cause: 'EIO' })
  expect(defect).toMatchObject({ message: 'defect', stack: expect.stringContaining('.test.ts') })
})

test('as text, a line is for people and harms no terminal', () => {
  const { logger, lines } = collect({ level: 'info', format: 'text' })
  logger.warn({ topic: 'a\u001b[2J' }, 'odd\nline')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}odd\\u000aline topic=a\\u001b\[2J\n$/)
})
