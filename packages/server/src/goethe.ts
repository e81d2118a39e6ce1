/**
 * The one place where a server is put together: steps in order, each of which may leave something
 * to be stopped; stopping goes the other way round.
 */
import { setMaxListeners } from 'node:events'
import {
  type Clock,
  type Commit,
  type EventLog,
  type EventLogOptions,
  systemClock,
} from '@goethe/core'
import { Admission } from './admission.js'
import { observeCluster } from './cluster/cluster-metrics.js'
import type { ClusteredStoreOptions } from './cluster/clustered-store.js'
import { authorized } from './auth/authorized-log.js'
import { ServedAuth } from './auth/served-auth.js'
import { limitFailedAttempts } from './auth/failed-attempts.js'
import { fewestInSync } from './cluster-check.js'
import type { Config } from './config.js'
import { checkMemberDirectory } from './data-directory.js'
import { DiskGuard, type DiskSpace, diskSpace } from './disk-guard.js'
import { startGrpc } from './grpc/grpc-server.js'
import { startHttp } from './http/http-server.js'
import type { Identity } from './identity.js'
import { type Logger, createLogger } from './log-writer.js'
import { Metrics } from './metrics.js'
import { openStore } from './open-store.js'
import type { LogStore, StoreState } from './log-store.js'
import type { ServedLog } from './served-log.js'
import { ServedStore } from './served-store.js'
import { ServedTls } from './served-tls.js'
import type { Address, Identify, Listener, ServerContext } from './server-context.js'
import { StepStack } from './step-stack.js'
import { Tracing } from './tracing.js'

/** What a server does not make itself where somebody else brings it along: tests, mostly. */
export interface ServerDependencies {
  clock?: Clock | undefined
  logger?: Logger | undefined
  space?: DiskSpace | undefined
  /** Opens the log, at first and again. Default: `openStore` in `config.data`. */
  openLog?: (() => Promise<EventLog>) | undefined
  /** Finds out who calls. Default: as `config.auth` says. */
  identify?: Identify | undefined
  /** Cuts the log down to what a caller may do. Default: to its grants. */
  logFor?: ((log: ServedLog, identity: Identity) => ServedLog) | undefined
}

/** A server that runs. */
export interface Server extends AsyncDisposable {
  readonly addresses: { readonly grpc: Address; readonly http: Address }
  readonly logger: Logger
  /** The log, past all services, for programs that embed a server. */
  readonly log: ServedLog
  readonly storeState: StoreState
  /**
   * Takes over who may call (`auth`) from another configuration, for calls that begin from now on;
   * all else counts from the next start. Throws ConfigError where it does not fit what the server
   * was started with, or where nobody would have to say who they are any more, and then changes
   * nothing.
   */
  reload(config: Config): void
  /**
   * Takes nothing new, tells streams, finishes what was accepted within the deadline (default:
   * shutdown.deadlineMs), and closes the log. Idempotent.
   */
  stop(options?: { deadlineMs?: number }): Promise<void>
}

/**
 * Starts a server. Rejects where something of it cannot start, and then leaves nothing running:
 * with GOETHE_LOCKED, GOETHE_CORRUPT, GOETHE_INVALID_STORE and GOETHE_FORMAT for a log that cannot
 * be opened, GOETHE_UNAVAILABLE for an address that cannot be had, ConfigError for files.
 */
export async function startServer(
  config: Config,
  dependencies: ServerDependencies = {},
): Promise<Server> {
  const { clock = systemClock(), logger = createLogger(config.log) } = dependencies
  const steps = new StepStack(logger)
  try {
    return await start(config, { ...dependencies, clock, logger }, steps)
  } catch (error) {
    await steps.undo(0)
    throw error
  }
}

async function start(
  config: Config,
  dependencies: ServerDependencies & { clock: Clock; logger: Logger },
  steps: StepStack,
): Promise<Server> {
  const { clock, logger } = dependencies
  const tls = await ServedTls.open({ config, clock, logger })
  if (tls !== undefined) steps.done('certificate', () => tls.stop())
  const metrics = new Metrics()
  const admission = new Admission(config.limits, clock)
  const parts = { ...dependencies, metrics, admission }
  const { store, guard } = await startStore(config, parts, steps)
  const auth = new ServedAuth({ config, clock, logger })
  const identify = limitFailedAttempts(dependencies.identify ?? auth.identify, config.limits, clock)
  const logFor = dependencies.logFor ?? authorized
  const stopping = new AbortController()
  // Each stream listens to it, however many there are.
  setMaxListeners(0, stopping.signal)
  const context: ServerContext = {
    config,
    clock,
    logger,
    metrics,
    tracing: new Tracing(),
    admission,
    identify,
    logFor: (identity, { forward } = { forward: true }) => {
      return logFor((forward ? store.forwardingLog : undefined) ?? store.log, identity)
    },
    storeState: () => store.state,
    cluster: store.cluster,
    stopping: stopping.signal,
  }
  metrics.observe({
    status: () => (store.isReadable ? store.log.status() : undefined),
    writable: () => store.state.type === 'open',
    disk: () => ({
      freeBytes: guard.freeBytes,
      totalBytes: guard.totalBytes,
      reserveBytes: config.disk.reserveBytes,
    }),
    inFlightBytes: () => admission.inFlightBytes,
  })
  if (store.cluster !== undefined) {
    observeCluster(metrics.registry, store.cluster, store.forwarded)
  }
  // They stop together: each may need the whole deadline.
  const listeners: Listener[] = []
  steps.done('listeners', async (deadlineMs) => {
    stopping.abort()
    await Promise.all(listeners.map((listener) => listener.stop(deadlineMs)))
  })
  const http = await startHttp(context, tls)
  listeners.push(http)
  const grpc = await startGrpc(context, { tls })
  listeners.push(grpc)
  // Another member leads first, while this server still tells everybody which one.
  if (store.handOver !== undefined) {
    steps.done('lead', async (deadlineMs) => store.handOver?.(deadlineMs))
  }
  const addresses = { grpc: grpc.address, http: http.address }
  logger.info({ grpc: grpc.address, http: http.address, data: config.data }, 'Goethe is ready')
  let stopped: Promise<void> | undefined
  const stop: Server['stop'] = ({ deadlineMs = config.shutdown.deadlineMs } = {}) => {
    stopped ??= steps.undo(deadlineMs).then(() => {
      logger.info('Goethe has stopped')
    })
    return stopped
  }
  return {
    addresses,
    logger,
    log: store.log,
    get storeState() {
      return store.state
    },
    reload: (changed) => {
      auth.reload(changed)
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }
}

const handOverMsMin = 2000

/** A cluster without a leader has one soon, and who comes late has waited for nothing. */
const electionRetryMs = 200

/** The log, and the guard that watches over its disk. */
async function startStore(
  config: Config,
  {
    clock,
    logger,
    space = diskSpace,
    openLog,
    metrics,
    admission,
  }: Parameters<typeof start>[1] & { metrics: Metrics; admission: Admission },
  steps: StepStack,
): Promise<{ store: LogStore; guard: DiskGuard }> {
  const { checkIntervalMs, reserveBytes } = config.disk
  let store: LogStore | undefined
  const guard = new DiskGuard({
    directory: config.data,
    reserveBytes,
    checkIntervalMs,
    clock,
    space,
    onCheck: () => {
      void store?.recover()
    },
    onChange: (reason) => {
      if (reason === undefined) logger.info('There is room on the disk again')
      else logger.error({ data: config.data }, reason)
    },
    onError: (error) => {
      logger.warn({ error }, 'The free space of the disk is not known')
    },
  })
  const shared = {
    guard,
    logger,
    retryDelayMs: checkIntervalMs,
    onCommit: (commit: Commit) => {
      metrics.commit(commit)
    },
  }
  store = await (config.cluster.mode === 'none'
    ? ServedStore.open({ ...shared, open: openLog ?? (() => openConfigured(config, clock)) })
    : openClustered(config, clock, { ...shared, admission }))
  const opened = store
  // Giving up the lead takes a moment, also where the deadline is over.
  steps.done('log', (deadlineMs) => opened.close(Math.max(deadlineMs, handOverMsMin)))
  // Behind the log, which makes the directory.
  await guard.start()
  steps.done('disk guard', () => guard.stop())
  return { store, guard }
}

function openConfigured(config: Config, clock: Clock): Promise<EventLog> {
  return openStore(config.data, { ...logOptionsOf(config, clock), durability: config.durability })
}

/** Loaded only where it is needed: a server of its own has no cluster. */
async function openClustered(
  config: Config,
  clock: Clock,
  shared: Pick<
    ClusteredStoreOptions,
    'guard' | 'logger' | 'retryDelayMs' | 'onCommit' | 'admission'
  >,
): Promise<LogStore> {
  await checkMemberDirectory(config.data)
  const { ClusteredStore } = await import('./cluster/clustered-store.js')
  const { openMember } = await import('./cluster/open-member.js')
  const { logger } = shared
  return ClusteredStore.open({
    ...shared,
    clock,
    retryDelayMs: electionRetryMs,
    forward: config.cluster.forward,
    fewestInSync: fewestInSync(config.cluster),
    logOptions: logOptionsOf(config, clock),
    open: (listener) => openMember({ config, clock, logger, listener }),
  })
}

function logOptionsOf(config: Config, clock: Clock): EventLogOptions {
  const { index, eventBytesMax, queueBytesMax } = config
  return { index, eventBytesMax, queueBytesMax, clock }
}
