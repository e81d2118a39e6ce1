/** One member: a replica, the disk under it, and what a driver does for it, in virtual time. */
import { unreachable } from '@goethe/core'
import type { Effect } from '../replica/effect.js'
import type { Input } from '../replica/input.js'
import type { Sender } from '../replica/messages.js'
import { Replica } from '../replica/replica.js'
import { LogModel } from './log-model.js'
import type { Payload, WriteRequest } from './payload.js'
import { SimulatedDisk, type Write } from './simulated-disk.js'
import { check, Violation } from './violation.js'
import type { World } from './world.js'

/** How a write ended, as far as its client learns. */
export type WriteAnswer =
  | { readonly type: 'accepted'; readonly payload: Payload }
  | { readonly type: 'refused' }
  | { readonly type: 'unknown' }

interface Waiting {
  readonly payload: Payload
  readonly answers: ((answer: WriteAnswer) => void)[]
}

export class SimulatedMember {
  disk: SimulatedDisk
  replica: Replica | undefined
  /** Time on this member's clock goes this fast, and is ahead by this much. */
  drift = 1
  offsetMs = 0
  /** Until then the process stands still; what reaches it waits. */
  pausedUntilMs = 0
  /** It was started once: before that it is no member yet. */
  joined = false
  #incarnation = 0
  #stores = 1
  #proposal = 0
  #confirmation = 0
  #model: LogModel | undefined
  // Something was refused that the model counts on: it is loaded again once nothing is under way.
  #modelFailed = false
  #leadEpoch = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #confirmations = new Map<number, number>()

  constructor(
    readonly name: string,
    private readonly world: World,
  ) {
    this.disk = new SimulatedDisk(`${name}/1`)
  }

  get running(): boolean {
    return this.replica !== undefined
  }

  /** What it says that it is. */
  get self(): Sender {
    const { name, disk } = this
    return { member: name, storeId: disk.storeId, incarnation: this.#incarnationName }
  }

  get leading(): boolean {
    return this.#model !== undefined
  }

  /** Starts the process on what is on disk; it ends at once where that is damaged (rule 13). */
  start(): void {
    const { world, name, disk } = this
    this.joined = true
    if (disk.damaged) return
    this.#incarnation += 1
    const incarnation = this.#incarnationName
    world.trace(() => `${name} starts on ${disk.storeId}: ${described(disk)}`)
    this.replica = new Replica(
      {
        member: name,
        storeId: disk.storeId,
        incarnation,
        address: name,
        minInSync: world.plan.minInSync,
        newClusterId: 'cluster',
        times: world.plan.times,
        limits: world.plan.limits,
        random: world.random.next,
        rules: world.rules,
      },
      disk.restore(),
    )
    disk.busyUntilMs = world.timeline.nowMs
    disk.factsBusyUntilMs = world.timeline.nowMs
    this.#tick(incarnation)
  }

  /** The process dies, and with it what its disk had not made safe. */
  crash(): void {
    this.world.trace(() => `${this.name} crashes`)
    this.replica = undefined
    this.pausedUntilMs = 0
    this.#endLead()
    this.disk.crash(this.world.random)
    this.world.ledger.checkSet()
  }

  /** As `crash`, and it starts again some time later. */
  crashFor(awayMs: number): void {
    if (this.running) this.crash()
    this.world.timeline.after(awayMs, () => {
      if (!this.running) this.start()
    })
  }

  /** Its disk is replaced by an empty one, which is another store. */
  empty(): void {
    this.world.trace(() => `${this.name} is emptied`)
    if (!this.world.reusesStoreIds) this.#stores += 1
    this.disk = new SimulatedDisk(`${this.name}/${this.#stores}`)
  }

  input(input: Input): void {
    const { replica, world } = this
    if (replica === undefined) return
    if (this.pausedUntilMs > world.timeline.nowMs) {
      // A timer that was late reads the clock when it fires.
      return this.#laterAt(this.pausedUntilMs, () =>
        this.input(input.type === 'tick' ? { type: 'tick', nowMs: this.#clockMs } : input),
      )
    }
    if (input.type !== 'tick') {
      world.trace(() => `${this.name} <- ${JSON.stringify(input)}`)
    }
    if (input.type === 'message') world.loss?.heard(this, input.message)
    const effects = replica.step(input)
    for (const effect of effects) {
      world.trace(() => `${this.name} -> ${JSON.stringify(effect)}`)
      this.#perform(effect)
      if (this.replica !== replica) return
    }
  }

  write(request: WriteRequest, answer: (answer: WriteAnswer) => void): void {
    if (!this.running) return answer({ type: 'refused' })
    if (this.pausedUntilMs > this.world.timeline.nowMs) return answer({ type: 'unknown' })
    if (this.#modelFailed) return answer({ type: 'refused' })
    const repeated = this.#model?.repeated(request)
    if (repeated !== undefined) return this.#repeat(repeated, answer)
    const payload = (this.#model ?? new LogModel(this.world.ledger, 0)).draft(
      request,
      Math.floor(this.world.timeline.nowMs + this.offsetMs),
    )
    this.#proposal += 1
    const proposal = this.#proposal
    this.#waiting.set(proposal, { payload, answers: [answer] })
    this.input({ type: 'propose', proposal, payload, bytes: 100 })
    if (!this.#waiting.has(proposal)) return
    check(this.#model !== undefined, '8', () => `${this.name} took a write before it could`)
    this.#model!.add(payload)
  }

  /** An operator lets it lead with what it has, and gives up after a while. */
  recover(): void {
    this.input({ type: 'recover', deadlineMs: this.#clockMs + 2_000 })
  }

  /** A linearizable read: what was acknowledged before must be seen. */
  confirm(): void {
    this.#confirmation += 1
    this.#confirmations.set(this.#confirmation, this.world.ledger.acceptedLsn)
    this.input({ type: 'confirm', confirmation: this.#confirmation })
  }

  #repeat(payload: Payload, answer: (answer: WriteAnswer) => void): void {
    const waiting = [...this.#waiting.values()].find((other) => other.payload === payload)
    if (waiting !== undefined) waiting.answers.push(answer)
    else answer({ type: 'accepted', payload })
  }

  #perform(effect: Effect): void {
    const { world, disk, name } = this
    switch (effect.type) {
      case 'send':
        return world.network.send(name, effect.to, effect.message)
      case 'ship':
        return this.#ship(effect)
      case 'append-journal':
        return this.#write(effect.ticket, { type: 'append', entries: effect.entries })
      case 'truncate-journal':
        return this.#write(effect.ticket, { type: 'truncate', lsn: effect.lsn })
      case 'trim-journal':
        return disk.trim(effect.lsn)
      case 'persist-facts':
        disk.writeFacts(effect.facts)
        return this.#writeFacts(effect.ticket)
      case 'apply':
        return this.#apply(effect.fromLsn, effect.toLsn)
      case 'fetch-snapshot':
        return this.#fetchSnapshot(effect.from)
      case 'install-snapshot':
        return this.#later(world.random.between(5, 200), () => {
          const { lsn, epoch } = effect
          disk.install({ lsn, epoch })
          this.input({ type: 'snapshot-installed', lsn, epoch })
        })
      case 'read-record':
        return world.coordinator.read(
          name,
          this.#answer((result) => ({ type: 'record-read', ticket: effect.ticket, result })),
        )
      case 'change-record':
        if (world.loss?.storeId === disk.storeId) return world.loss.replace()
        return world.coordinator.change(
          name,
          effect.token,
          effect.record,
          this.#answer((outcome) => ({ type: 'record-changed', ticket: effect.ticket, outcome })),
        )
      case 'accept':
        world.ledger.acceptedEntry(effect)
        return this.#settle(effect.proposal, (payload) => ({ type: 'accepted', payload }))
      case 'reject':
        return this.#settle(effect.proposal, ({ attempt }) => {
          if (effect.refusal.code === 'OUTCOME_UNKNOWN') return { type: 'unknown' }
          world.ledger.refused(attempt)
          this.#modelFailed = this.#model !== undefined
          return { type: 'refused' }
        })
      case 'confirmed':
        return world.ledger.confirmed(
          disk.appliedLsn,
          this.#confirmations.get(effect.confirmation)!,
        )
      case 'lead':
        this.#leadEpoch = effect.epoch
        world.ledger.leads(effect.epoch, this.#incarnationName)
        return this.#loadModel()
      case 'follow':
        return this.#endLead()
      case 'stopped':
        return this.#later(1, () => this.crashFor(world.random.between(1, 1_000)))
      case 'halt':
        if (!effect.reopen) throw new Violation(`halt: ${name}: ${effect.reason}`)
        return this.crashFor(world.random.between(1, 1_000))
      case 'unconfirmed':
      case 'pressure':
      // Nobody is named as leader here, so nobody asks for grants.
      case 'granted':
      case 'not-granted':
        return
      default:
        unreachable(effect)
    }
  }

  get #incarnationName(): string {
    return `${this.name}#${this.#incarnation}`
  }

  #ship(effect: Extract<Effect, { type: 'ship' }>): void {
    const { disk } = this
    const entries = []
    let bytes = 0
    for (let lsn = effect.fromLsn; bytes < effect.bytesMax; lsn++) {
      const entry = disk.entry(lsn)
      if (entry === undefined) break
      entries.push(entry)
      bytes += entry.bytes
    }
    check(entries.length > 0, '9', () => `${this.name} has no entry ${effect.fromLsn} to send`)
    const body = { ...effect.header, entries }
    this.world.network.send(this.name, effect.to, { ...effect.message, body })
    const { storeId, fromLsn } = effect
    const toLsn = fromLsn + entries.length - 1
    const shipped: Input = { type: 'shipped', storeId, fromLsn, toLsn, bytes }
    this.#later(this.world.random.between(0, 0.5), () => this.input(shipped))
  }

  #write(ticket: number, write: Write): void {
    const { disk, world } = this
    const done = disk.write(write)
    if (disk.failing) {
      disk.failing = false
      disk.broken = true
      return this.#later(1, () => this.input({ type: 'storage-failed', reason: 'fsync failed' }))
    }
    const { nowMs } = world.timeline
    const doneMs = Math.max(disk.busyUntilMs, nowMs) + world.random.between(0.2, 3) * disk.slowness
    disk.busyUntilMs = doneMs
    this.#later(doneMs - nowMs, () => {
      if (disk.broken) return
      done()
      if (write.type === 'truncate') world.ledger.checkSet()
      this.input({ type: 'journal-written', ticket })
    })
  }

  #writeFacts(ticket: number): void {
    const { disk, world } = this
    const { nowMs } = world.timeline
    const doneMs =
      Math.max(disk.factsBusyUntilMs, nowMs) + world.random.between(0.5, 5) * disk.factsSlowness
    disk.factsBusyUntilMs = doneMs
    this.#later(doneMs - nowMs, () => {
      disk.factsWritten()
      this.input({ type: 'facts-persisted', ticket })
    })
  }

  #apply(fromLsn: number, toLsn: number): void {
    const { disk, world, name } = this
    check(
      fromLsn === disk.appliedLsn + 1,
      'c',
      () => `${name} is at ${disk.appliedLsn} and is to apply ${fromLsn}`,
    )
    for (let lsn = fromLsn; lsn <= toLsn; lsn++) {
      const entry = disk.entry(lsn)
      world.ledger.committed(name, lsn, entry)
      check(
        this.#waiting.size === 0 || entry!.epoch <= this.#leadEpoch,
        '11',
        () => `${name} applies entry ${lsn} of another leader while its own appends are pending`,
      )
    }
    this.#later(world.random.between(0.1, 3) * disk.slowness, () => {
      disk.appliedLsn = toLsn
      if (world.random.chance(0.5)) disk.flushedLsn = toLsn
      this.input({ type: 'applied', lsn: toLsn, flushedLsn: disk.flushedLsn })
    })
  }

  #fetchSnapshot(from: string): void {
    const { world } = this
    this.#later(world.random.between(5, 50), () => {
      const source = world.member(from)
      const reached = world.network.connects(from, this.name) && source?.running === true
      const lsn = source?.disk.appliedLsn ?? 0
      const failed = !reached || lsn === 0 || world.random.chance(0.2)
      this.#later(world.random.between(5, 500), () => {
        if (failed) this.input({ type: 'snapshot-failed' })
        else this.input({ type: 'snapshot-fetched', lsn, epoch: world.ledger.entry(lsn).epoch })
      })
    })
  }

  #settle(proposal: number, answerFor: (payload: Payload) => WriteAnswer): void {
    const waiting = this.#waiting.get(proposal)
    check(waiting !== undefined, 'd', () => `proposal ${proposal} was answered twice`)
    this.#waiting.delete(proposal)
    const answer = answerFor(waiting!.payload)
    for (const answerTo of waiting!.answers) answerTo(answer)
    if (this.#modelFailed && this.#waiting.size === 0) this.#loadModel()
  }

  #loadModel(): void {
    this.#model = new LogModel(this.world.ledger, this.disk.appliedLsn)
    this.#modelFailed = false
  }

  /** Whoever waits for an append here learns nothing any more. */
  #endLead(): void {
    this.#model = undefined
    this.#modelFailed = false
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { answers } of waiting) for (const answer of answers) answer({ type: 'unknown' })
  }

  #tick(incarnation: string): void {
    if (this.#incarnationName !== incarnation) return
    const { world } = this
    this.input({ type: 'tick', nowMs: this.#clockMs })
    this.#later(world.random.between(50, 80), () => this.#tick(incarnation))
  }

  get #clockMs(): number {
    return this.world.timeline.nowMs * this.drift + this.offsetMs
  }

  /** Happens to this process only, on this disk only. */
  #later(delayMs: number, action: () => void): void {
    this.#laterAt(this.world.timeline.nowMs + delayMs, action)
  }

  #laterAt(atMs: number, action: () => void): void {
    const { replica } = this
    this.world.timeline.at(atMs, () => {
      if (this.replica === replica && replica !== undefined) action()
    })
  }

  #answer<Result>(inputFor: (result: Result) => Input): (result: Result) => void {
    const { replica } = this
    return (result) => {
      if (this.replica === replica) this.input(inputFor(result))
    }
  }
}

function described({ facts, base, safeLsn, appliedLsn }: SimulatedDisk): string {
  return `${JSON.stringify(facts)}, journal ${base.lsn + 1} to ${safeLsn}, applied ${appliedLsn}`
}
