/** What operators want of a cluster, by way of one of its members. */
import type { ClusterMember as Member } from '@goethe/cluster'
import { type Clock, GoetheError } from '@goethe/core'
import type { ServedCluster } from '../served-cluster.js'
import { type ClusterStatus, clusterStatus } from './cluster-report.js'

export interface ClusterOperationsOptions {
  /** Undefined while it is being opened again. */
  member(): Member | undefined
  /** Who leads, for those who ask another one. */
  elsewhere(): GoetheError
  /** Fewer than these are never in sync, whatever the record says. Default 1. */
  readonly fewestInSync?: number | undefined
  readonly clock: Clock
}

/** How long to wait for what the others, or the coordinator, have to do. */
const patienceMs = 10_000
const lookMs = 50

export class ClusterOperations implements ServedCluster {
  readonly #options: ClusterOperationsOptions

  constructor(options: ClusterOperationsOptions) {
    this.#options = options
  }

  get state(): Member['status'] | undefined {
    return this.#options.member()?.status
  }

  get counters(): Member['counters'] | undefined {
    return this.#options.member()?.counters
  }

  status(): ClusterStatus {
    return clusterStatus(this.#member().status)
  }

  async handOver(epoch: number, waitMs = patienceMs): Promise<void> {
    const member = this.#member()
    const { replica } = member.status
    // It was done already, or somebody was faster.
    if (replica.epoch > epoch) return
    this.#assertLeads(member)
    if (replica.namedLeader !== undefined) {
      throw wrong(
        `${replica.namedLeader} leads because cluster.leader says so: name another member there, on ` +
          'all members, and then recover that one',
      )
    }
    member.handOver()
    if (await this.#comes(() => this.#member().status.replica.epoch > epoch, waitMs)) return
    throw notYet(`${replica.member} gives up the lead, but nobody has taken it over yet`)
  }

  async removeMember(name: string): Promise<void> {
    const member = this.#member()
    this.#assertLeads(member)
    const { replica, members } = member.status
    if (name === replica.member) {
      throw wrong(`${name} leads: let it hand over first, then remove it`)
    }
    const known = new Set([...replica.inSync, ...members.members].map((one) => one.member))
    if (!known.has(name)) {
      throw wrong(`There is no member ${name}; there are ${[...known].sort().join(', ')}`)
    }
    member.remove(name)
    const isIn = (stores: readonly { readonly member: string }[] = []): boolean =>
      stores.some((store) => store.member === name)
    const isOut = (): boolean => {
      const { inSync, removed } = this.#member().status.replica
      return isIn(removed) && !isIn(inSync)
    }
    if (await this.#comes(isOut)) return
    const { inSync, minInSync } = this.#member().status.replica
    if (!isIn(inSync)) throw notYet(`The record does not say yet that ${name} was removed`)
    throw notYet(
      `${name} stays among those in sync until another member can take its place: ` +
        `${inSync.length} are in sync, and ${minInSync} needed (goethe cluster min-in-sync)`,
    )
  }

  async addMember(name: string): Promise<void> {
    const member = this.#member()
    this.#assertLeads(member)
    member.admit(name)
    const isIn = (): boolean => {
      const { removed = [] } = this.#member().status.replica
      return removed.every((store) => store.member !== name)
    }
    if (await this.#comes(isIn)) return
    throw notYet(`The record still says that ${name} was removed`)
  }

  async setMinInSync(minInSync: number): Promise<void> {
    const member = this.#member()
    this.#assertLeads(member)
    const { fewestInSync = 1 } = this.#options
    if (!Number.isInteger(minInSync) || minInSync < 1) {
      throw wrong(`At least 1 member has to be in sync; got ${minInSync}`)
    }
    if (minInSync < fewestInSync) {
      throw wrong(
        `As cluster.leader says who leads, a majority of the members in cluster.peers has to have each ` +
          `write: at least ${fewestInSync}; got ${minInSync}`,
      )
    }
    const inSync = (): number => this.#member().status.replica.inSync.length
    const tooFew = (): GoetheError =>
      wrong(`Nothing could be written: in sync ${inSync()} of ${minInSync} needed`)
    if (minInSync > inSync()) throw tooFew()
    member.setMinInSync(minInSync)
    const isSet = (): boolean => this.#member().status.replica.minInSync === minInSync
    if (await this.#comes(isSet)) return
    if (minInSync > inSync()) throw tooFew()
    throw notYet(`The record does not say yet that ${minInSync} are needed`)
  }

  async recover(): Promise<void> {
    const member = this.#member()
    const { role, epoch, leader, hearsLeader, problem, namedLeader, mayRecover } =
      member.status.replica
    if (namedLeader !== undefined && namedLeader !== member.status.replica.member) {
      throw wrong(
        `cluster.leader names ${namedLeader} here: name this member there, on all members, before it ` +
          'can lead',
      )
    }
    // One that leads may have to do it without its record, which somebody has deleted.
    if (role === 'leader' && !mayRecover) {
      const why = problem === undefined ? '' : `; what is the matter is another thing: ${problem}`
      throw wrong(`This member leads: there is nothing to recover${why}`)
    }
    if (role === 'halted') throw wrong(`This member takes no part, and cannot lead: ${problem}`)
    if (hearsLeader) throw wrong(`${leader} leads: there is nothing to recover`)
    member.recover(patienceMs)
    const leads = (): boolean => {
      const { replica } = this.#member().status
      return replica.role === 'leader' && replica.epoch > epoch
    }
    if (await this.#comes(leads)) return
    const why = this.#member().status.replica.problem ?? 'the coordinator has not answered'
    throw notYet(`This member does not lead yet: ${why}`)
  }

  #member(): Member {
    const member = this.#options.member()
    if (member !== undefined) return member
    throw new GoetheError('GOETHE_UNAVAILABLE', 'This member is being opened again')
  }

  #assertLeads({ status }: Member): void {
    if (status.replica.role !== 'leader') throw this.#options.elsewhere()
  }

  /** Looks again and again, but not for ever. */
  async #comes(condition: () => boolean, waitMs = patienceMs): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < waitMs; waitedMs += lookMs) {
      if (condition()) return true
      await new Promise<void>((resolve) => this.#options.clock.setTimer(resolve, lookMs))
    }
    return condition()
  }
}

/** It was begun, and may yet come about: whoever asked decides whether to ask again. */
function notYet(message: string): GoetheError {
  return new GoetheError('GOETHE_DEADLINE', message)
}

function wrong(message: string): GoetheError {
  return new GoetheError('GOETHE_INVALID_ARGUMENT', message)
}
