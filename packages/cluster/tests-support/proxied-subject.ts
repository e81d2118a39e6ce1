/** A coordinator behind a proxy that does to its connections what networks do. */
import type { Clock } from '@goethe/core'
import { TcpProxy } from '../../client/tests-support/tcp-proxy.js'
import type { CoordinatorSubject } from '../src/coordinator/coordinator-conformance.js'
import type { Coordinator } from '../src/coordinator/coordinator.js'

export interface ProxiedOptions {
  host?: string
  port: number
  /** Opens a coordinator that connects to this port of 127.0.0.1; `close` is called later. */
  open(port: number, clock: Clock | undefined): { coordinator: Coordinator; close(): Promise<void> }
  /** Absent where only its connections can be broken. */
  restart?: () => Promise<void>
  close(): Promise<void>
}

export async function proxiedSubject(options: ProxiedOptions): Promise<CoordinatorSubject> {
  const proxy = await TcpProxy.start(options.port)
  proxy.targetHost = options.host ?? '127.0.0.1'
  const closes: (() => Promise<void>)[] = []
  return {
    open(clock) {
      const { coordinator, close } = options.open(proxy.port, clock)
      closes.push(close)
      return coordinator
    },
    refuse() {
      proxy.refuse()
      proxy.cut()
    },
    freeze() {
      proxy.freeze()
    },
    loseAnswers() {
      proxy.freeze('down')
      return proxy.nextPass('up')
    },
    heal() {
      proxy.heal()
    },
    async restart() {
      if (options.restart === undefined) proxy.cut()
      else await options.restart()
    },
    async close() {
      proxy.heal()
      await Promise.all(closes.map((close) => close()))
      await proxy.stop()
      await options.close()
    },
  }
}
