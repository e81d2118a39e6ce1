/**
 * The cursor of a group of consumers: taken over once, and then changed as the group's progress goes
 * on. Many acknowledgements become one change: those that come while a commit is under way go with
 * the next one. When somebody else moves the cursor this one is over, and the group takes it anew.
 */
import type { AppendPart } from './append-part.js'
import type { Clock } from './clock.js'
import { ConsumerProgress } from './consumer-progress.js'
import type { Placement } from './cursor-placement.js'
import type { CursorRecord } from './cursor-record.js'
import { checkSession, fencedError } from './cursor-session.js'
import type { CursorStore } from './cursor-store.js'
import type { GroupInstance } from './group-instance.js'
import type { CheckedPosition } from './position.js'

export interface GroupCursorContext {
  clock: Clock
  cursors: CursorStore
  /** Writes the cursor of a consumer without a stored position where it begins. */
  placeCursor(
    topic: string,
    consumer: string,
    position: CheckedPosition,
    placement: Placement,
  ): Promise<CursorRecord>
}

export class GroupCursor {
  readonly #context: GroupCursorContext
  readonly #topic: string
  readonly #consumer: string
  readonly #instances: Iterable<GroupInstance>
  readonly #onFailure: (error: unknown) => void
  #session: number | undefined
  #progress = new ConsumerProgress()
  #storing: Promise<void> | undefined
  #isOver = false

  /** `instances` are those whose acknowledgements it stores; `onFailure` is told when that fails. */
  constructor(
    context: GroupCursorContext,
    topic: string,
    consumer: string,
    instances: Iterable<GroupInstance>,
    onFailure: (error: unknown) => void,
  ) {
    this.#context = context
    this.#topic = topic
    this.#consumer = consumer
    this.#instances = instances
    this.#onFailure = onFailure
  }

  /** True once it was taken over. */
  get isOwned(): boolean {
    return this.#session !== undefined
  }

  /** True when what was read from it counts no more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** How far the group has come from it. */
  get progress(): ConsumerProgress {
    return this.#progress
  }

  /** What is being stored and takes along no more. */
  get storing(): Promise<void> | undefined {
    return this.#storing
  }

  /** Takes it over, at `from` where nothing is stored; resolves with what reading goes on from. */
  async takeOver(from: CheckedPosition): Promise<CursorRecord> {
    const { cursors, clock, placeCursor } = this.#context
    const stored = await cursors.read(this.#topic, this.#consumer)
    const isNew = stored === undefined || (stored.updatedAt === 0n && stored.sequence === 0)
    const record = isNew
      ? await placeCursor(this.#topic, this.#consumer, from, (before, place) => ({
          ...before,
          ...place,
          updatedAt: clock.now(),
          session: before.session + 1,
        }))
      : await cursors.change(this.#topic, this.#consumer, (before) => ({
          ...before,
          session: before.session + 1,
        }))
    this.#session = record.session
    this.#progress = new ConsumerProgress(record)
    return record
  }

  /** Stores what is settled; calls that come before the commit begins share it. */
  store(): Promise<void> {
    this.#storing ??= this.write([])
    return this.#storing
  }

  /** Stores what is settled together with appends, all or nothing. */
  async write(parts: readonly AppendPart[]): Promise<void> {
    const acks: [GroupInstance, number][] = []
    const change = (record: CursorRecord): CursorRecord => {
      // From here on, what is settled goes with the next commit.
      this.#storing = undefined
      for (const instance of this.#instances) {
        acks.push([instance, instance.nextAcks])
        instance.nextAcks = 0
      }
      if (this.#isOver) throw fencedError(this.#topic, this.#consumer, 'moved')
      checkSession(record, this.#session, this.#topic, this.#consumer)
      return this.#progress.record(record, this.#context.clock.now())
    }
    try {
      await this.#context.cursors.change(this.#topic, this.#consumer, change, { parts })
    } catch (error) {
      if (!this.#isOver) this.#onFailure(error)
      throw error
    } finally {
      for (const [instance, count] of acks) instance.unstoredAcks -= count
    }
  }

  end(): void {
    this.#isOver = true
  }
}
