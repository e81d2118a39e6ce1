/** Connections of one port: counted, and closed at once where there are too many. */
import type { Server } from 'node:net'
import type { Protocol } from './metrics.js'
import type { ServerContext } from './server-context.js'

/** So often the log says that connections were refused: whoever makes too many makes many more. */
const reportIntervalMs = 60_000

/** Holds `limits.connectionsMax` on a server that listens, or will. */
export function limitConnections(
  server: Server,
  protocol: Protocol,
  { config, metrics, logger, clock }: ServerContext,
): void {
  const { connectionsMax } = config.limits
  server.maxConnections = connectionsMax
  server.on('connection', (socket) => {
    socket.once('close', metrics.connection(protocol))
  })
  let refused = 0
  // The system has closed it by now: it has cost neither memory nor a handshake.
  server.on('drop', () => {
    metrics.refusedConnection(protocol)
    if (refused++ > 0) return
    logger.warn(
      { protocol, connectionsMax },
      'A connection was refused, because there are as many as there may be (limits.connectionsMax)',
    )
    const report = (): void => {
      const more = refused - 1
      refused = 0
      if (more > 0) logger.warn({ protocol, refused: more }, 'More connections were refused')
    }
    clock.setTimer(report, reportIntervalMs, 'background')
  })
}
