import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Delivery } from '@goethe/core'
import type { Environment } from './shell.js'

/**
 * Runs a command of the shell for an event: the payload on its standard input, what identifies the
 * event in its environment. Resolves with how it ended: undefined when well.
 */
export async function runForEvent(
  command: string,
  { event, attempt }: Delivery,
  environment: Environment,
): Promise<string | undefined> {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {
      ...environment,
      GOETHE_EVENT_ID: String(event.id),
      GOETHE_EVENT_TIME: event.time.toISOString(),
      GOETHE_TOPIC: event.topic,
      GOETHE_SEQUENCE: String(event.sequence),
      GOETHE_ATTEMPT: String(attempt),
    },
  })
  const stdin = child.stdin!
  // A command need not read its input to the end.
  stdin.on('error', () => undefined)
  stdin.end(event.payload)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code === 0) return undefined
  return code === null ? `was ended by ${signal}` : `ended with exit code ${code}`
}
