import { Latencies, p50 } from '../../server/latencies'
import { payloadBatches } from '../../src/payloads'
import type { Contestant, Scenario } from '../../src/scenario'
import { LocalCluster } from '../local-cluster'
import { SteadyProducer } from '../steady-producer'

const changes = 10
const failed = 'failed appends'
const longest = 'longest ms'

const killed = leaderEnds('Goethe, leader killed', 'kill')
const stopped = leaderEnds('Goethe, leader stopped', 'stop')

/** From the end of the leader's process to the first append that the next one acknowledges. */
export const failOverScenario: Scenario = {
  name: 'fail-over',
  title: `kill -9 of the leader to the first acknowledged append, ${changes} times`,
  unit: 'ms',
  charted: [p50],
  contestants: [killed],
  goals: [
    { ours: killed.name, metric: p50, atMost: 3_000_000 },
    { ours: killed.name, metric: longest, atMost: 6_000 },
    { ours: killed.name, metric: failed, atMost: 0 },
  ],
}

/** The same for a leader that is told to stop, and hands over. */
export const handOverScenario: Scenario = {
  name: 'hand-over',
  title: `SIGTERM of the leader, longest append around it, ${changes} times`,
  unit: 'ms',
  charted: [p50],
  contestants: [stopped],
  goals: [
    { ours: stopped.name, metric: longest, atMost: 1_000 },
    { ours: stopped.name, metric: failed, atMost: 0 },
  ],
}

/** Its rate is the median, in milliseconds. One turn has all the changes of leader. */
function leaderEnds(name: string, how: 'kill' | 'stop'): Contestant {
  return {
    name,
    once: true,
    async run({ directory }) {
      const { connect } = await import('@goethe/client')
      const cluster = await LocalCluster.start(directory)
      const log = connect(cluster.addresses)
      const payload = payloadBatches(100)[0]![0]!
      const producer = new SteadyProducer(() => log.append('orders', payload))
      const latencies = new Latencies()
      let longestMs = 0
      for (let change = 0; change < changes; change++) {
        await producer.acknowledged()
        const { name: leader } = await cluster.leader()
        const start = performance.now()
        const ended = cluster.end(leader, how)
        producer.longestMs = 0
        await ended
        await producer.acknowledged()
        // A leader that is told to stop acknowledges until it hands over: what counts is the gap.
        const tookMs = how === 'kill' ? performance.now() - start : producer.longestMs
        latencies.add(performance.now() - tookMs)
        longestMs = Math.max(longestMs, tookMs)
        await cluster.run(leader)
        await cluster.inSync()
      }
      await producer.end()
      await log.close()
      await cluster.close()
      const median = latencies.metrics()[p50]
      const metrics = { [p50]: median, [longest]: longestMs, [failed]: producer.failed }
      return { rate: median / 1000, metrics }
    },
  }
}
