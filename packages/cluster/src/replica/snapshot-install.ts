/**
 * A snapshot takes the place of store and journal (rule 10): under nobody's hands, so what is being
 * applied is awaited first, and nothing else is done to either until it is over.
 */
import type { Context } from './context.js'
import type { Position } from './position.js'

export class SnapshotInstall {
  #snapshot: Position | undefined
  #begun = false

  constructor(private readonly context: Context) {}

  /** Whether store and journal are not to be touched. */
  get active(): boolean {
    return this.#snapshot !== undefined
  }

  /** Says `needless` when the store has come that far by itself. */
  begin({ lsn, epoch }: Position): 'needless' | undefined {
    this.#snapshot = { lsn, epoch }
    this.context.applier.freeze()
    return this.continue()
  }

  /** Something was applied; says `needless` as `begin` does. */
  continue(): 'needless' | undefined {
    const { applier, emit } = this.context
    if (this.#snapshot === undefined || this.#begun || applier.applying) return undefined
    if (this.#snapshot.lsn <= applier.appliedLsn) {
      this.#snapshot = undefined
      applier.thaw()
      return 'needless'
    }
    this.#begun = true
    emit({ type: 'install-snapshot', ...this.#snapshot })
    return undefined
  }

  done({ lsn, epoch }: Position): void {
    this.#snapshot = undefined
    this.#begun = false
    this.context.journal.restart({ lsn, epoch })
    this.context.applier.restart(lsn)
  }
}
