import { type MemberState, type StateVersion, isNewer } from './member-state.js'
import type { MemberView } from './membership-view.js'
import { PhiAccrual } from './phi-accrual.js'

/** So that a member that makes up names cannot fill the memory of all others. */
const membersMax = 256

export interface KnownMembersOptions {
  readonly intervalMs: number
  readonly phiThreshold: number
  readonly forgetAfterMs: number
}

interface Known {
  state: MemberState
  readonly arrivals: PhiAccrual
}

/** The other members, each with the newest state that was heard of. */
export class KnownMembers {
  readonly #options: KnownMembersOptions
  readonly #known = new Map<string, Known>()
  /** What was forgotten, so that others who still remember do not bring it back. */
  readonly #forgotten = new Map<string, StateVersion>()
  #named: ReadonlySet<string> = new Set()
  /** When discovery last named a member that it names no more. */
  readonly #namedMs = new Map<string, number>()

  constructor(options: KnownMembersOptions) {
    this.#options = options
  }

  get(member: string): MemberState | undefined {
    return this.#known.get(member)?.state
  }

  /** The newest version that was seen, of a member that was forgotten as well. */
  versionOf(member: string): StateVersion | undefined {
    return this.#known.get(member)?.state ?? this.#forgotten.get(member)
  }

  /** Whether something was heard of a member lately. */
  isHeard(member: string, nowMs: number): boolean {
    const known = this.#known.get(member)
    return known !== undefined && known.arrivals.phi(nowMs) < this.#options.phiThreshold
  }

  names(): string[] {
    return [...this.#known.keys()]
  }

  states(): MemberState[] {
    return Array.from(this.#known.values(), ({ state }) => state)
  }

  /** Discovery names these from now on. */
  named(members: readonly string[], nowMs: number): void {
    for (const member of this.#named) this.#namedMs.set(member, nowMs)
    this.#named = new Set(members)
    for (const member of members) {
      this.#namedMs.delete(member)
      this.#forgotten.delete(member)
    }
  }

  /** Takes over a state if it is news. */
  add(state: MemberState, nowMs: number): void {
    const { member } = state
    const known = this.#known.get(member)
    if (!isNewer(state, this.versionOf(member))) return
    if (known === undefined) {
      if (this.#known.size >= membersMax) return
      this.#forgotten.delete(member)
      this.#known.set(member, { state, arrivals: this.#arrivals(nowMs) })
    } else if (known.state.incarnation === state.incarnation) {
      known.state = state
      known.arrivals.arrive(nowMs)
    } else {
      // The time that it was away says nothing about how news of it comes.
      this.#known.set(member, { state, arrivals: this.#arrivals(nowMs) })
    }
  }

  /** Forgets whom discovery names no more and of whom nothing was heard for long. */
  forget(nowMs: number): void {
    const { forgetAfterMs } = this.#options
    for (const [member, { state, arrivals }] of this.#known) {
      if (this.#named.has(member)) continue
      const lastMs = Math.max(arrivals.lastMs, this.#namedMs.get(member) ?? -Infinity)
      if (nowMs - lastMs < forgetAfterMs) continue
      this.#known.delete(member)
      this.#namedMs.delete(member)
      this.#forgotten.set(member, { generation: state.generation, version: state.version })
      if (this.#forgotten.size > membersMax) {
        this.#forgotten.delete(this.#forgotten.keys().next().value!)
      }
    }
  }

  views(nowMs: number): MemberView[] {
    return Array.from(this.#known.values(), ({ state, arrivals }) => {
      const phi = arrivals.phi(nowMs)
      return {
        ...state,
        self: false,
        phi,
        suspected: phi >= this.#options.phiThreshold,
        silentMs: nowMs - arrivals.lastMs,
      }
    })
  }

  #arrivals(nowMs: number): PhiAccrual {
    const { intervalMs } = this.#options
    return new PhiAccrual(nowMs, {
      expectedMs: intervalMs,
      deviationMsMin: intervalMs / 2,
      intervalMsMax: intervalMs * 10,
    })
  }
}
