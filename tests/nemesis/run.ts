/** One run: faults for some time, one or two at a time, then none, and then a look at what is left. */
import { connect } from '@goethe/client'
import type { Consistency } from '@goethe/core'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../../packages/cluster/src/simulation/random.js'
import { whatIsWrong } from './check.js'
import { NemesisCluster } from './cluster.js'
import { type Fault, coordinatorAway, makeFault } from './faults.js'
import { folderPrefix, removeLeftovers } from './leftovers.js'
import { topics, Workload } from './workload.js'

const minuteMs = 60_000

/** How long a cluster may take to be well again when faults are over. */
const recoveryMsMax = 90_000

export interface RunOptions {
  readonly seed: number
  /** How long faults go on. */
  readonly faultsMs: number
  /** The longest time for one of them. */
  readonly faultMsMax: number
  readonly log: (line: string) => void
}

export interface RunResult {
  /** Sentences; none of them when all was well. */
  readonly problems: readonly string[]
  readonly faults: number
  readonly appends: number
  readonly acknowledged: number
  /** How many appends had which error. */
  readonly refused: Readonly<Record<string, number>>
  /** How processes ended that nobody had stopped, as by a disk that fails at their start. */
  readonly endings: readonly string[]
  readonly longestGapMs: number
  /** From the end of the faults until an append that was begun after it was acknowledged. */
  readonly recoveryMs: number
  /** Logs and disks, kept when there are problems. */
  readonly folder: string
}

export async function runNemesis(options: RunOptions): Promise<RunResult> {
  await removeLeftovers()
  const folder = await mkdtemp(join(tmpdir(), folderPrefix))
  let result: RunResult | undefined
  try {
    await using cluster = await NemesisCluster.start(folder)
    await within(recoveryMsMax, 'the first leader', allWell(cluster))
    const addresses = cluster.members.map(({ address }) => address)
    await using work = new Workload(addresses, options.seed)
    await within(recoveryMsMax, 'the first append', work.nextAcknowledged())
    const log = (line: string): void => {
      appendFileSync(join(folder, 'nemesis.log'), `${line}\n`)
      options.log(line)
    }
    const run = new Run(cluster, work, { ...options, log })
    result = { ...(await run.toTheEnd()), folder }
    return result
  } finally {
    if (result?.problems.length === 0) await rm(folder, { recursive: true })
    else options.log(`Kept for a look: ${folder}`)
  }
}

class Run {
  readonly #cluster: NemesisCluster
  readonly #work: Workload
  readonly #options: RunOptions
  readonly #began = performance.now()
  readonly #problems: string[] = []
  #faults = 0

  constructor(cluster: NemesisCluster, work: Workload, options: RunOptions) {
    this.#cluster = cluster
    this.#work = work
    this.#options = options
  }

  async toTheEnd(): Promise<Omit<RunResult, 'folder'>> {
    const { seed, faultsMs } = this.#options
    // Each round has its own numbers, as how many the ones before took depends on who leads.
    for (let round = 0; performance.now() - this.#began < faultsMs; round++) {
      const random = new Random(seed * 1_000 + round)
      const isLongEnough = faultsMs - (performance.now() - this.#began) > 2 * minuteMs
      if (round % 15 === 3 && isLongEnough) await this.#withoutCoordinator(random)
      else await this.#round(random)
    }
    this.#log('Faults are over')
    const over = performance.now()
    const problems: string[] = []
    const note = (error: unknown) => problems.push(String(error))
    await within(recoveryMsMax, 'an append', this.#work.nextAcknowledged()).catch(note)
    const recoveryMs = performance.now() - over
    await within(recoveryMsMax, 'all members in sync', allWell(this.#cluster)).catch(note)
    if (problems.length > 0) problems.push(`States: ${(await this.#cluster.states()).join(', ')}`)
    else problems.push(...(await this.#check()))
    problems.unshift(...this.#problems)
    for (const problem of problems) this.#log(problem)
    return this.#result(problems, recoveryMs)
  }

  async #round(random: Random): Promise<void> {
    const leader = await this.#cluster.leader()
    const faults: Fault[] = [makeFault(this.#cluster, leader, random)]
    if (random.chance(0.4)) {
      const second = makeFault(this.#cluster, leader, random)
      if (!second.touches.some((one) => faults[0]!.touches.includes(one))) faults.push(second)
    }
    const { faultMsMax } = this.#options
    // Short ones more often than long ones.
    const times = faults.map(() => 200 + random.next() ** 2 * faultMsMax)
    await Promise.all(faults.map((fault, index) => this.#suffer(fault, times[index]!)))
    // Some rounds begin with a cluster that is well, and others hit one that recovers.
    if (random.chance(0.5)) await Promise.race([allWell(this.#cluster), pause(faultMsMax)])
    else await pause(3_000 * random.next())
  }

  /** While the members are well and hear each other, nobody misses the coordinator. */
  async #withoutCoordinator(random: Random): Promise<void> {
    const well = within(recoveryMsMax, 'all members in sync', allWell(this.#cluster))
    if (!(await well.then(() => true).catch(() => false))) return
    const begun = this.#work.attempts.length
    const fault = coordinatorAway(this.#cluster, random)
    // Not only what was begun before: an append that is begun after almost a minute of it.
    const next = () => within(10_000, 'an append without etcd', this.#work.nextAcknowledged())
    await this.#suffer(fault, fault.lastsMs!, next)
    const failed = this.#work.attempts.slice(begun).filter(({ code }) => code !== undefined)
    const counts = `${failed.length} of ${this.#work.attempts.length - begun}`
    this.#log(`Without etcd ${counts} appends failed`)
  }

  async #suffer(
    fault: Fault,
    ms: number,
    atTheEnd: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    this.#faults++
    this.#log(`${fault.name}, for ${Math.round(ms)} ms`)
    const heal = await fault.inject()
    await pause(ms)
    await atTheEnd().catch((error: unknown) => this.#problems.push(String(error)))
    await heal()
    this.#log(`over: ${fault.name}`)
  }

  async #check(): Promise<string[]> {
    const work = this.#work
    try {
      await within(recoveryMsMax, 'answers to all appends', work.end())
    } catch (error) {
      return [String(error)]
    }
    // A member that does not answer now may answer soon.
    const all = () =>
      isDelivered(this.#cluster, work).catch((error: unknown) => {
        this.#log(`Not all can be asked yet: ${String(error)}`)
        return false
      })
    const late: string[] = []
    const note = (error: unknown) => late.push(String(error))
    await within(recoveryMsMax, 'readers and consumers', untilTrue(all)).catch(note)
    return [...late, ...(await whatIsWrong(this.#cluster, work))]
  }

  #result(problems: string[], recoveryMs: number): Omit<RunResult, 'folder'> {
    const { attempts, longestGapMs } = this.#work
    const refused: Record<string, number> = {}
    for (const { code } of attempts) {
      if (code !== undefined) refused[code] = (refused[code] ?? 0) + 1
    }
    const acknowledged = attempts.filter(({ id }) => id !== undefined).length
    const endings = this.#cluster.members.flatMap(({ name, process }) =>
      process.endings.map((ending) => `${name}: ${ending}`),
    )
    const counts = {
      faults: this.#faults,
      appends: attempts.length,
      acknowledged,
      refused,
      endings,
    }
    return { problems, ...counts, longestGapMs, recoveryMs }
  }

  #log(line: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1)
    this.#options.log(`${new Date().toISOString()} ${seconds.padStart(7)} s  ${line}`)
  }
}

/** Resolves once one member leads and the others are in sync. */
function allWell(cluster: NemesisCluster): Promise<void> {
  return untilTrue(async () => {
    const states = (await cluster.states()).toSorted()
    return states.join() === 'following,following,open'
  })
}

/**
 * Whether all members and all readers have as much as the log, and consumers have handled as much: a
 * member says that it is well before it has applied the last entries.
 */
async function isDelivered(cluster: NemesisCluster, work: Workload): Promise<boolean> {
  const addresses = cluster.members.map(({ address }) => address)
  const counts = await lastSequences(addresses, 'linearizable')
  const shown = await Promise.all(addresses.map((address) => lastSequences([address], 'local')))
  if (shown.some((theirs) => theirs.join() !== counts.join())) return false
  const total = counts.reduce((sum, count) => sum + count, 0)
  return work.tails.every(({ seen }) => seen.length >= total) && work.handled.size >= counts[0]!
}

async function lastSequences(addresses: string[], consistency: Consistency): Promise<number[]> {
  await using client = connect(addresses)
  const options = { reverse: true, limit: 1, consistency }
  return await Promise.all(
    topics.map(async (topic) => (await client.read(topic, options).toArray())[0]?.sequence ?? 0),
  )
}

/** Asks again and again; other processes say nothing by themselves. */
async function untilTrue(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await pause(100)
}

async function within(ms: number, what: string, work: Promise<void>): Promise<void> {
  const over = new AbortController()
  const timer = pause(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`Nothing of ${what} within ${ms} ms`)
  })
  try {
    await Promise.race([work, timer])
  } finally {
    over.abort()
    timer.catch(() => undefined)
  }
}
