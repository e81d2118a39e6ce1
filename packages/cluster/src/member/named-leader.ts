/**
 * A cluster without a coordinator: the configuration names the leader, which keeps the record in a
 * file of its own. This puts together what members say to each other about that.
 */
import { type Clock, GoetheError } from '@goethe/core'
import { FileCoordinator } from '../coordinator/file-coordinator.js'
import { PeerCoordinator } from '../coordinator/peer-coordinator.js'
import type { Coordinator } from '../coordinator/coordinator.js'
import { RecordFile } from '../coordinator/record-file.js'
import type { Disk } from '../journal/disk.js'
import type { MemberStore } from '../record.js'
import type { Position } from '../replica/position.js'
import { type Rules, rules } from '../replica/rules.js'
import { Electorate, majorityOf } from './electorate.js'
import {
  type GrantAnswer,
  type RecordRequest,
  decodeFound,
  decodeGrantAnswer,
  encodeFound,
  encodeGrantAnswer,
  encodeRecordRequest,
} from './record-exchange.js'

/** The leader that the configuration names. */
export interface NamedLeader {
  readonly leader: string
  /** All members: a majority of them has what is acknowledged, and grants an epoch. */
  readonly members: readonly string[]
}

export interface AgreementOptions {
  readonly named: NamedLeader
  /** This member. */
  readonly self: MemberStore
  /** Where the named leader has the record. */
  readonly disk: Disk
  readonly clock: Clock
  newId(): string
  /** Asks another member; its answer is one piece. */
  fetch(from: string, request: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Where the journal of this member ends. */
  last(): Position
  /** A member knows of this epoch. */
  onEpoch(epoch: number): void
  /** This member's own grant. */
  grant(epoch: number, candidate: MemberStore): Promise<GrantAnswer>
}

/**
 * What is acknowledged is with a majority of the members, whatever the record asks for. Stores of
 * others, or two of one member, do not count.
 */
export function rulesOfMajority({ members }: NamedLeader): Rules {
  const majority = majorityOf(members.length)
  return {
    ...rules,
    fewest(record) {
      const there = new Set(record.inSync.map(({ member }) => member))
      const counted = members.filter((member) => there.has(member)).length
      return Math.max(rules.fewest(record), majority + record.inSync.length - counted)
    },
  }
}

/** For one member to say whether it grants an epoch. */
const grantTimeoutMs = 2_000

export class NamedAgreement {
  readonly #options: AgreementOptions
  readonly coordinator: Coordinator

  constructor(options: AgreementOptions) {
    this.#options = options
    const { named, self, disk, clock, newId } = options
    this.coordinator =
      named.leader === self.member
        ? new FileCoordinator({
            file: new RecordFile({ disk, newToken: newId }),
            approve: (record) => this.#electorate().approve(record),
            clock,
          })
        : new PeerCoordinator({
            member: named.leader,
            ask: async (signal) => {
              const answer = await this.#ask(named.leader, { about: 'record' }, signal)
              return decodeFound(answer, named.leader)
            },
            clock,
          })
  }

  /** Answers another member. */
  async *answer(request: RecordRequest): AsyncGenerator<Uint8Array, void, undefined> {
    const { named, self, grant } = this.#options
    if (request.about === 'grant') {
      yield encodeGrantAnswer(await grant(request.epoch, request.candidate))
      return
    }
    if (named.leader !== self.member) {
      throw new GoetheError(
        'GOETHE_UNAVAILABLE',
        `It keeps no record of the cluster, as its own configuration names ${named.leader} as the leader`,
      )
    }
    yield encodeFound(await this.coordinator.read())
  }

  #electorate(): Electorate {
    const { named, self, clock, last, onEpoch } = this.#options
    return new Electorate({
      self,
      members: named.members,
      last,
      onEpoch,
      ask: async (member, epoch) => {
        const stopping = new AbortController()
        const late = new GoetheError('GOETHE_UNAVAILABLE', 'it has not answered')
        const stopTimer = clock.setTimer(() => stopping.abort(late), grantTimeoutMs)
        try {
          const request = { about: 'grant', epoch, candidate: self } as const
          return decodeGrantAnswer(await this.#ask(member, request, stopping.signal))
        } catch (error) {
          throw stopping.signal.aborted ? late : error
        } finally {
          stopTimer()
        }
      },
    })
  }

  async #ask(member: string, request: RecordRequest, signal: AbortSignal): Promise<Uint8Array> {
    for await (const piece of this.#options.fetch(member, encodeRecordRequest(request), signal)) {
      return piece
    }
    throw new GoetheError('GOETHE_UNAVAILABLE', `Member ${member} has not answered`)
  }
}
