/** What services get, for tests of services without the rest of a server. */
import { type Clock, type EventLog, systemClock } from '@goethe/core'
import { Admission } from '../src/admission.js'
import { defaultConfig } from '../src/config.js'
import { everybody } from '../src/identity.js'
import { createLogger } from '../src/log-writer.js'
import { Metrics } from '../src/metrics.js'
import type { ServerContext } from '../src/server-context.js'
import { Tracing } from '../src/tracing.js'

export interface TestContextOptions {
  /** Settings by their flags, such as `legacy`. */
  flags?: Record<string, unknown> | undefined
  /** What is different from an ordinary server. */
  context?: Partial<ServerContext> | undefined
  clock?: Clock | undefined
}

/** Everybody may do everything with the log. Ports are free ones. */
export function testContext(
  log: EventLog,
  stopping: AbortSignal,
  { flags = {}, context = {}, clock = systemClock() }: TestContextOptions,
): ServerContext {
  const config = defaultConfig({ grpcPort: 0, ...flags })
  return {
    config,
    clock,
    logger: createLogger({ level: 'silent', format: 'json' }),
    metrics: new Metrics(),
    tracing: new Tracing(),
    admission: new Admission(config.limits, clock),
    identify: () => Promise.resolve(everybody),
    logFor: () => log,
    storeState: () => ({ type: 'open' }),
    stopping,
    ...context,
  }
}
