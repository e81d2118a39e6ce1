/** The majority of members without which the one that the configuration names begins no epoch. */
import { GoetheError } from '@goethe/core'
import type { ClusterRecord, MemberStore } from '../record.js'
import type { Position } from '../replica/position.js'
import type { GrantAnswer } from './record-exchange.js'

export interface ElectorateOptions {
  /** This one. */
  readonly self: MemberStore
  /** All of them, this one included. */
  readonly members: readonly string[]
  /** Asks another one. Rejects with what keeps it from answering in its time. */
  ask(member: string, epoch: number): Promise<GrantAnswer>
  /** Where the journal here ends. */
  last(): Position
  /** A member knows of an epoch that is as high. */
  onEpoch(epoch: number): void
}

/** More than half. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1
}

export class Electorate {
  readonly #options: ElectorateOptions

  constructor(options: ElectorateOptions) {
    this.#options = options
  }

  /**
   * Resolves once a majority, this member included, has granted the record's epoch. Rejects with
   * GOETHE_UNAVAILABLE, which says who did not and why. Where an operator decided that this member
   * leads, one of that majority that has more of the journal keeps it from that: as what was
   * acknowledged is with a majority, that one may have what is missing here.
   */
  async approve({ epoch, recovery }: ClusterRecord): Promise<void> {
    const { self, members } = this.#options
    const others = members.filter((member) => member !== self.member)
    const needed = majorityOf(members.length) - 1
    const isChosen = recovery?.epoch === epoch
    const answers: Named[] = []
    const isEnough = (): boolean => !isChosen && grantsOf(answers).length >= needed
    await new Promise<void>((resolve) => {
      const asked = others.map(async (member) => {
        answers.push({ member, ...(await this.#ask(member, epoch)) })
        if (isEnough()) resolve()
      })
      if (isEnough()) resolve()
      void Promise.all(asked).then(() => resolve())
    })
    this.#assertMajority(answers, needed, epoch)
    if (isChosen) this.#assertComplete(answers)
  }

  async #ask(member: string, epoch: number): Promise<Answer> {
    try {
      const answer = await this.#options.ask(member, epoch)
      if (answer.outcome === 'granted') return answer
      if (answer.epoch >= epoch) this.#options.onEpoch(answer.epoch)
      return answer
    } catch (error) {
      return { outcome: 'no-answer', reason: (error as Error).message }
    }
  }

  #assertMajority(answers: readonly Named[], needed: number, epoch: number): void {
    if (grantsOf(answers).length >= needed) return
    const why = answers.flatMap((answer) =>
      answer.outcome === 'granted' ? [] : [`${answer.member}: ${answer.reason}`],
    )
    throw new GoetheError(
      'GOETHE_UNAVAILABLE',
      `Epoch ${epoch} begins once ${needed} of the other ${this.#options.members.length - 1} members ` +
        `have granted it, and ${grantsOf(answers).length} did; ${why.join('; ')}`,
    )
  }

  #assertComplete(answers: readonly Named[]): void {
    const own = this.#options.last()
    const [more] = grantsOf(answers).filter(({ last }) => isBehind(own, last))
    if (more === undefined) return
    const { member, last } = more
    throw new GoetheError(
      'GOETHE_UNAVAILABLE',
      `${member} has entry ${last.lsn} of epoch ${last.epoch}, and this member ends with entry ` +
        `${own.lsn} of epoch ${own.epoch}: name ${member} as leader instead`,
    )
  }
}

type Answer = GrantAnswer | { readonly outcome: 'no-answer'; readonly reason: string }
type Named = Answer & { readonly member: string }

function grantsOf(answers: readonly Named[]) {
  return answers.filter((answer) => answer.outcome === 'granted')
}

/** Journals go by their last epoch first: what is longer may be what was never committed. */
function isBehind(own: Position, other: Position): boolean {
  if (own.epoch !== other.epoch) return own.epoch < other.epoch
  return own.lsn < other.lsn
}
