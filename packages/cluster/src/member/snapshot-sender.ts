import { type Clock, GoetheError } from '@goethe/core'
import type { AbstractSnapshot } from 'abstract-level'
import type { AppliedStore } from '../applied-store.js'
import type { Position } from '../replica/position.js'
import { encodeSnapshotFrame } from './snapshot-codec.js'
import { type SnapshotRequest, decodeSnapshotRequest } from './snapshot-request.js'
import type { SnapshotEntry } from './snapshot-source.js'

/** Bytes of one message. */
const frameBytes = 256 * 1024

/** How long the snapshot of a broken transfer is kept for the one that goes on. */
const keptMs = 30_000

/** Each keeps old data of the store alive. */
const sessionsMax = 4

interface Session {
  readonly id: string
  readonly store: AppliedStore
  readonly snapshot: AbstractSnapshot
  readonly applied: Position
  busy: boolean
  forget: () => void
}

export interface SnapshotSenderOptions {
  store(): AppliedStore
  /** The epoch that this member leads, if it does. */
  leads(): number | undefined
  readonly clock: Clock
  newId(): string
}

/** Gives the store of a leader to members that are too far behind (rule 10). */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions
  readonly #sessions = new Map<string, Session>()

  constructor(options: SnapshotSenderOptions) {
    this.#options = options
  }

  /**
   * Frames for a request: the header, entries, the end. Rejects with GOETHE_NOT_LEADER, GOETHE_LIMIT
   * when too many are under way, GOETHE_CANCELLED when it asks for a session that is gone.
   */
  async *send(request: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const asked = decodeSnapshotRequest(request)
    if (asked.epoch !== this.#options.leads()) {
      throw new GoetheError(
        'GOETHE_NOT_LEADER',
        `A snapshot was asked for in epoch ${asked.epoch}, in which this member does not lead`,
      )
    }
    const session = await this.#session(asked)
    session.busy = true
    session.forget()
    let complete = false
    try {
      const { applied, id } = session
      yield encodeSnapshotFrame({ type: 'header', applied, session: id })
      yield* framesOf(session, asked)
      complete = true
    } finally {
      session.busy = false
      if (complete) await this.#end(session)
      else this.#endLater(session)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)))
  }

  async #session({ session: id }: SnapshotRequest): Promise<Session> {
    if (id === undefined) return this.#begin()
    const known = this.#sessions.get(id)
    if (known !== undefined && !known.busy) return known
    throw new GoetheError('GOETHE_CANCELLED', 'The snapshot is not kept any more: ask for another')
  }

  async #begin(): Promise<Session> {
    const idle = [...this.#sessions.values()].filter(({ busy }) => !busy)
    await Promise.all(idle.map((session) => this.#end(session)))
    if (this.#sessions.size >= sessionsMax) {
      throw new GoetheError('GOETHE_LIMIT', `${sessionsMax} snapshots are being sent already`)
    }
    const store = this.#options.store()
    const snapshot = store.root.snapshot()
    const applied = await store.positionAt(snapshot)
    const id = this.#options.newId()
    const forget = (): void => undefined
    const session = { id, store, snapshot, applied, busy: false, forget }
    this.#sessions.set(id, session)
    return session
  }

  #endLater(session: Session): void {
    session.forget = this.#options.clock.setTimer(
      () => {
        if (!session.busy) void this.#end(session)
      },
      keptMs,
      'background',
    )
  }

  async #end(session: Session): Promise<void> {
    session.forget()
    if (this.#sessions.delete(session.id)) await session.snapshot.close()
  }
}

async function* framesOf(
  { store, snapshot }: Session,
  { after, entriesBefore }: SnapshotRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = store.level.iterator<Uint8Array, Uint8Array>({
    ...(after !== undefined && { gt: after }),
    snapshot,
    keyEncoding: 'view',
    valueEncoding: 'view',
    // An option of classic-level that others ignore.
    ...{ highWaterMarkBytes: frameBytes },
  })
  let count = entriesBefore
  try {
    let frame: SnapshotEntry[] = []
    let bytes = 0
    for (;;) {
      const entries = await iterator.nextv(1000)
      if (entries.length === 0) break
      for (const entry of entries) {
        frame.push(entry)
        bytes += entry[0].length + entry[1].length
        count++
        if (bytes < frameBytes) continue
        yield encodeSnapshotFrame({ type: 'entries', entries: frame })
        frame = []
        bytes = 0
      }
    }
    if (frame.length > 0) yield encodeSnapshotFrame({ type: 'entries', entries: frame })
    yield encodeSnapshotFrame({ type: 'end', entries: count })
  } finally {
    await iterator.close()
  }
}
