import { connect } from '@goethe/client'
import { findLosses } from './find-losses.mjs'
import { Producer, inFlight } from './producer.mjs'
import { Workers } from './workers.mjs'

const topic = 'numbers'

/**
 * Kills the leader while a producer appends and two consumers work, and then looks whether anything
 * is missing. Resolves with what is wrong, as sentences: none, if all is as it was promised.
 *
 * @param {import('./cluster.mjs').LocalCluster} cluster
 * @param {(sentence: string) => void} say
 */
export async function killLeader(cluster, say) {
  // Each has all addresses, and finds the leader by itself.
  const logs = Array.from({ length: 3 }, () => connect(cluster.addresses))
  const [log, ...others] = /** @type {[import('@goethe/client').Client]} */ (logs)
  try {
    const producer = new Producer(log, topic)
    const workers = new Workers(others, topic)
    say(`A producer appends numbers, ${inFlight} at a time. Two consumers share them.`)
    await producer.acknowledges(1000)

    const old = await cluster.leader()
    const before = producer.acknowledged.size
    const killed = performance.now()
    await cluster.kill(old)
    say(`${old} led. It was killed (SIGKILL) after ${before} acknowledged appends.`)
    // So many may have been acknowledged before, and their answers not have come yet.
    await producer.acknowledges(before + inFlight + 1)
    const seconds = ((performance.now() - killed) / 1000).toFixed(1)
    say(`${await cluster.leader()} leads. Appends went on ${seconds} s later, and none has failed.`)
    await producer.acknowledges(before + 1000)

    await cluster.run(old)
    await cluster.allInSync()
    say(`${old} was started again, and has everything that it missed.`)
    await producer.acknowledges(producer.acknowledged.size + 1000)
    await producer.stop()
    const { acknowledged } = producer
    say(`The producer has stopped: ${acknowledged.size} appends were acknowledged.`)
    await workers.handles(acknowledged.size)
    await workers.stop()
    say(
      `The consumers have handled all of them, ${workers.repeated} more than once, as may happen ` +
        'to what is under way when a leader dies.',
    )

    const losses = await findLosses(cluster.members, topic, acknowledged)
    say(
      losses.length === 0
        ? 'Nothing was lost: each acknowledged append is on all three members, once, and in one order.'
        : `That is wrong:\n  ${losses.join('\n  ')}`,
    )
    return losses
  } finally {
    await Promise.all(logs.map((one) => one.close()))
  }
}
