import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EventLog, LogEvent } from '@goethe/core'
import { CloudEvent } from 'cloudevents'
import { MemoryLevel } from 'memory-level'
import { describe, expect, test } from 'vitest'
import { fromEvent, toPayload, topicOf } from './cloud-events.mjs'

describe('CloudEvents', () => {
  test('one comes out as it went in', async () => {
    await using log = await EventLog.open(new MemoryLevel())
    const event = new CloudEvent({
      id: 'e-1',
      source: 'https://example.com/sensors/7',
      type: 'com.example.temperature',
      time: '2026-01-01T00:00:00.000Z',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      data: { celsius: 19.5 },
    })
    await log.append(topicOf(event), toPayload(event))
    const [stored] = await log.read('com.example.temperature').toArray()
    expect(stored && fromEvent(stored).toJSON()).toEqual(event.toJSON())
  })

  test('the payload is the structured JSON that other programs expect', () => {
    const event = new CloudEvent({ id: 'e-1', source: '/s', type: 't', data: 'ü' }, false)
    const json = JSON.parse(new TextDecoder().decode(toPayload(event)))
    expect(json).toMatchObject({
      specversion: '1.0',
      id: 'e-1',
      source: '/s',
      type: 't',
      data: 'ü',
    })
  })

  test('bytes stay bytes', () => {
    const data = new Uint8Array([0, 255, 128])
    const event = new CloudEvent({ source: '/s', type: 't', data })
    const back = fromEvent(new LogEvent(1n, 1, 't', toPayload(event)))
    expect(new Uint8Array(back.data)).toEqual(data)
  })

  test('what is no CloudEvent is refused', () => {
    const payload = new TextEncoder().encode('{"specversion":"1.0"}')
    expect(() => fromEvent(new LogEvent(1n, 1, 't', payload))).toThrow('invalid payload')
  })

  test('the program prints what it wrote', () => {
    const main = fileURLToPath(new URL('main.mjs', import.meta.url))
    const output = execFileSync(process.execPath, [main], { encoding: 'utf8' })
    expect(output).toContain('#2 https://example.com/sensors/7 attic: 20.1 °C')
  })
})
