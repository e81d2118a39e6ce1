/** What must be true of a cluster once it is well again, whatever has happened to it. */
import { connect } from '@goethe/client'
import { createHash } from 'node:crypto'
import type { NemesisCluster } from './cluster.js'
import { type Attempt, type Seen, topics, type Workload } from './workload.js'

/** Refused for good: nothing of such an append may ever appear. */
const refusals = ['GOETHE_READ_ONLY', 'GOETHE_LIMIT', 'GOETHE_NOT_LEADER']

/** Gives what is wrong, a sentence each; nothing where all is well. */
export async function whatIsWrong(cluster: NemesisCluster, work: Workload): Promise<string[]> {
  const problems = work.brokenOff.map((error) => `A reader or consumer ended: ${error}`)
  const copies = await Promise.all(cluster.members.map(({ address }) => copyAt(address)))
  for (const [index, { name }] of cluster.members.entries()) {
    const { exported, found } = copies[index]!
    if (exported !== copies[0]!.exported) problems.push(`${name} exports other bytes`)
    problems.push(...found.map((problem) => `${name}: ${problem}`))
  }
  const [log, ...others] = copies.map(({ events }) => events)
  for (const [index, other] of others.entries()) {
    problems.push(...differences(`${cluster.members[index + 1]!.name}`, log!, other))
  }
  problems.push(...wrongOrder(log!), ...wrongAttempts(log!, work.attempts))
  for (const [index, { seen }] of work.tails.entries()) {
    problems.push(...differences(`The reader at ${cluster.members[index]!.name}`, log!, seen))
  }
  const unhandled = log!.filter(({ topic, text }) => topic === topics[0] && !work.handled.has(text))
  if (unhandled.length > 0) {
    problems.push(`${unhandled.length} events not handled, such as ${tell(unhandled[0])}`)
  }
  return problems
}

interface Copy {
  readonly events: readonly Seen[]
  /** A digest of all bytes of an export. */
  readonly exported: string
  /** What `verify` finds wrong. */
  readonly found: readonly string[]
}

async function copyAt(address: string): Promise<Copy> {
  await using client = connect(address)
  const events: Seen[] = []
  for await (const { id, topic, sequence, payload } of client.read('*')) {
    events.push({ id, topic, sequence, text: Buffer.from(payload).toString() })
  }
  const hash = createHash('sha256')
  await client.exportTo((chunk) => hash.update(chunk))
  const found: string[] = []
  for await (const step of client.verify()) {
    if (step.type === 'problem') found.push(JSON.stringify(step))
  }
  return { events, exported: hash.digest('hex'), found }
}

/** Whether `other` is the same as `log`, event by event. */
export function differences(who: string, log: readonly Seen[], other: readonly Seen[]): string[] {
  const at = log.findIndex((event, index) => tell(event) !== tell(other[index]))
  if (at !== -1) return [`${who} has ${tell(other[at])} where the log has ${tell(log[at])}`]
  if (other.length > log.length) return [`${who} has more than the log: ${tell(other[log.length])}`]
  return []
}

/** Ids ascend, and sequences of a topic are 1, 2, 3 … */
export function wrongOrder(log: readonly Seen[]): string[] {
  const last = new Map<string, number>()
  let idBefore = 0n
  for (const event of log) {
    const { id, topic, sequence } = event
    if (id <= idBefore) return [`The id of ${tell(event)} is not above the one before, ${idBefore}`]
    if (sequence !== (last.get(topic) ?? 0) + 1) {
      return [`${tell(event)} comes behind sequence ${last.get(topic) ?? 0} of its topic`]
    }
    idBefore = id
    last.set(topic, sequence)
  }
  return []
}

/** Whether each append is there as it was answered: once, together, and not before earlier ones. */
export function wrongAttempts(log: readonly Seen[], attempts: readonly Attempt[]): string[] {
  const problems: string[] = []
  const byText = new Map<string, Seen>()
  for (const event of log) {
    const first = byText.get(event.text)
    if (first !== undefined) problems.push(`${tell(first)} is there again as ${tell(event)}`)
    byText.set(event.text, event)
  }
  const known = new Set<string>()
  for (const attempt of attempts) {
    problems.push(...wrongAttempt(attempt, byText))
    for (const text of attempt.texts) known.add(text)
  }
  const unknown = log.find(({ text }) => !known.has(text))
  if (unknown !== undefined) problems.push(`Nobody has appended ${tell(unknown)}`)
  return problems
}

function wrongAttempt(attempt: Attempt, byText: ReadonlyMap<string, Seen>): string[] {
  const { topic, texts, id, code, idBefore } = attempt
  const stored = texts.map((text) => byText.get(text))
  const what = `The append of ${texts.length} events from '${texts[0]!.slice(0, 20)}' to ${topic}`
  if (id === undefined && stored.every((event) => event === undefined)) return []
  if (code !== undefined && refusals.includes(code)) {
    return [`${what} was refused (${code}) and is there as ${tell(stored[0])}`]
  }
  const first = stored[0]
  if (first === undefined) return [`${what} was ${id ?? code}, and its first event is not there`]
  if (id !== undefined && first.id !== id) {
    return [`${what} was acknowledged as ${id} and is there as ${tell(first)}`]
  }
  if (first.id <= idBefore) {
    return [`${what} is ${tell(first)}, before ${idBefore}, which was acknowledged earlier`]
  }
  const apart = stored.findIndex(
    (event, index) => event?.topic !== topic || event.sequence !== first.sequence + index,
  )
  return apart === -1 ? [] : [`${what} has as its event ${apart + 1} ${tell(stored[apart])}`]
}

function tell(event: Seen | undefined): string {
  if (event === undefined) return 'nothing'
  const { topic, sequence, id, text } = event
  return `${topic} ${sequence} (${id}) '${text.slice(0, 20)}'`
}
