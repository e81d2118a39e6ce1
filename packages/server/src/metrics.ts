/** What Prometheus gets to see. Each server has a registry of its own. */
import { type Commit, type LogStatus } from '@goethe/core'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type Protocol = 'grpc' | 'http'

/** What is looked up when somebody asks for the metrics. */
export interface MetricsSources {
  /** Undefined while there is no log. */
  status(): LogStatus | undefined
  writable(): boolean
  disk(): { freeBytes: number | undefined; totalBytes: number | undefined; reserveBytes: number }
  inFlightBytes(): number
}

/** From one write to the disk's cache up to a disk that is ill. */
const durationBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]

export class Metrics {
  readonly registry = new Registry()
  readonly #requests: Counter<'protocol' | 'method' | 'code'>
  readonly #durations: Histogram<'protocol' | 'method'>
  readonly #streams: Gauge<'protocol' | 'method'>
  readonly #tails: Gauge<'protocol'>
  readonly #connections: Gauge<'protocol'>
  readonly #refusedConnections: Counter<'protocol'>
  readonly #readEvents: Counter<'protocol'>
  readonly #readBytes: Counter<'protocol'>
  readonly #commits: Histogram
  readonly #appendedEvents: Counter
  readonly #appendedBytes: Counter

  constructor() {
    const registers = [this.registry]
    const named = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[] = [],
    ) => ({ name: `goethe_${name}`, help, labelNames: [...labelNames], registers })
    const call = ['protocol', 'method'] as const
    this.#requests = new Counter(
      named('requests_total', 'Requests that ended, by their error code or OK.', [...call, 'code']),
    )
    this.#durations = new Histogram({
      ...named('request_duration_seconds', 'Time from a request to its answer; no streams.', call),
      buckets: durationBuckets,
    })
    this.#streams = new Gauge(named('streams', 'Streams under way.', call))
    this.#tails = new Gauge(named('tails', 'Readers that wait for new events.', ['protocol']))
    this.#connections = new Gauge(named('connections', 'Connections.', ['protocol']))
    this.#refusedConnections = new Counter(
      named('refused_connections_total', 'Connections above limits.connectionsMax.', ['protocol']),
    )
    this.#readEvents = new Counter(named('read_events_total', 'Events sent.', ['protocol']))
    this.#readBytes = new Counter(named('read_bytes_total', 'Bytes of payload sent.', ['protocol']))
    this.#commits = new Histogram({
      ...named(
        'commit_duration_seconds',
        'Time of a commit, up to the acknowledgement of the disk.',
      ),
      buckets: durationBuckets,
    })
    this.#appendedEvents = new Counter(named('appended_events_total', 'Events appended.'))
    this.#appendedBytes = new Counter(named('appended_bytes_total', 'Bytes of payload appended.'))
    collectDefaultMetrics({ register: this.registry })
  }

  /** A request began; call what comes back with its error code, or 'OK', when it ends. */
  request(protocol: Protocol, method: string): (code: string) => void {
    const stop = this.#durations.startTimer({ protocol, method })
    return (code) => {
      stop()
      this.#requests.inc({ protocol, method, code })
    }
  }

  /** A stream began, which is a request without a duration; call what comes back as it ends. */
  stream(protocol: Protocol, method: string): (code: string) => void {
    this.#streams.inc({ protocol, method })
    return (code) => {
      this.#streams.dec({ protocol, method })
      this.#requests.inc({ protocol, method, code })
    }
  }

  /** A reader waits for new events, until what comes back is called. */
  tail(protocol: Protocol): () => void {
    this.#tails.inc({ protocol })
    return () => {
      this.#tails.dec({ protocol })
    }
  }

  /** A connection was made, until what comes back is called. */
  connection(protocol: Protocol): () => void {
    this.#connections.inc({ protocol })
    return () => {
      this.#connections.dec({ protocol })
    }
  }

  /** A connection was closed at once, because there were too many. */
  refusedConnection(protocol: Protocol): void {
    this.#refusedConnections.inc({ protocol })
  }

  /** Events were handed to a client. */
  read(protocol: Protocol, events: number, bytes: number): void {
    this.#readEvents.inc({ protocol }, events)
    this.#readBytes.inc({ protocol }, bytes)
  }

  commit({ events, bytes, durationMs }: Commit): void {
    this.#commits.observe(durationMs / 1000)
    this.#appendedEvents.inc(events)
    this.#appendedBytes.inc(bytes)
  }

  /** Shows what can be looked up at any time. */
  observe(sources: MetricsSources): void {
    const gauge = (name: string, help: string, value: () => number | undefined): void => {
      new Gauge({
        name: `goethe_${name}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(value() ?? Number.NaN)
        },
      })
    }
    const status = (): LogStatus | undefined => sources.status()
    gauge('log_writable', '1 while the log takes appends.', () => (sources.writable() ? 1 : 0))
    gauge('log_last_id_seconds', 'The time of the last id, in UNIX seconds.', () => {
      const current = status()
      return current && Number(current.lastId / 1_000_000n) / 1000
    })
    gauge(
      'log_queued_bytes',
      'Bytes of appends that wait for the disk.',
      () => status()?.queuedBytes,
    )
    gauge('log_waiting_appends', 'Appends that wait for room in the queue.', () => {
      return status()?.waitingAppends
    })
    gauge('log_recent_bytes', 'Bytes of recent commits kept for live readers.', () => {
      return status()?.recentBytes
    })
    gauge('log_store_reads', 'Reads from the store since the log was opened.', () => {
      return status()?.storeReads
    })
    gauge('log_clock_behind_seconds', 'How far the clock is behind the last id.', () => {
      const current = status()
      return current && current.clockBehindMs / 1000
    })
    gauge('in_flight_bytes', 'Bytes of appends that were received and not answered.', () => {
      return sources.inFlightBytes()
    })
    gauge('disk_free_bytes', 'Free bytes of the disk of the log.', () => sources.disk().freeBytes)
    gauge('disk_total_bytes', 'Bytes of the disk of the log.', () => sources.disk().totalBytes)
    gauge('disk_reserve_bytes', 'Below so many free bytes the log takes no appends.', () => {
      return sources.disk().reserveBytes
    })
  }
}
