import type { EventReference } from './cursor-api.js'
import type { Position, ReadOptions, SeekOptions, TopicSelector } from './read-api.js'
import { checkBoolean, checkSignal } from './arguments.js'
import { BlockSource } from './block-source.js'
import type { CursorStore } from './cursor-store.js'
import type { LogEvent } from './log-event.js'
import { LogScan } from './log-scan.js'
import {
  type CheckedPosition,
  type CheckedSelector,
  beyondAllIds,
  checkNoTime,
} from './position.js'
import { checkLimit, checkRead, checkSeek } from './read-options.js'
import { Reader } from './reader.js'
import type { Recent } from './recent.js'
import type { Store } from './store.js'
import { idOfSequence } from './time-index.js'
import { ReverseTopicScan, TopicScan, onceOf } from './topic-scan.js'
import type { TopicState, TopicStates } from './topic-state.js'

export interface ReadersContext {
  store: Store
  states: TopicStates
  recent: Recent
  cursors: CursorStore
  intervalNs: bigint
  lastId(): bigint
  assertOpen(): void
}

/** Makes readers: checks what is asked, finds positions, opens scans. */
export class Readers {
  readonly #context: ReadersContext

  constructor(context: ReadersContext) {
    this.#context = context
  }

  read(topics: TopicSelector, options: ReadOptions): Reader {
    const { selector, from, reverse, follow, consistency, bounds } = checkRead(topics, options)
    const open = async (): Promise<BlockSource> => {
      this.#context.assertOpen()
      if (consistency === 'linearizable') await this.#context.store.confirm()
      return selector.type === 'topic'
        ? this.#openTopic(selector.topic, from, { reverse, follow, signal: options.signal })
        : this.#openLog(selector, from, { reverse, follow, signal: options.signal })
    }
    return new Reader(open, bounds)
  }

  /** Reads a topic forward; `begin` finds the position each time that an iteration begins. */
  readFrom(
    topic: string,
    begin: () => Promise<CheckedPosition>,
    options: Pick<ReadOptions, 'limit' | 'follow' | 'signal'>,
  ): Reader {
    checkSignal(options.signal)
    const follow = checkBoolean('follow', options.follow)
    const bounds = { reverse: false, limit: checkLimit(options.limit), to: undefined }
    const open = async (): Promise<BlockSource> => {
      this.#context.assertOpen()
      const from = await begin()
      return this.#openTopic(topic, from, { reverse: false, follow, signal: options.signal })
    }
    return new Reader(open, bounds)
  }

  async seek(
    topic: string,
    position: Position,
    options: SeekOptions,
  ): Promise<LogEvent | undefined> {
    const { nearest, from, consistency } = checkSeek(topic, position, options)
    if (consistency === 'linearizable') await this.#context.store.confirm()
    if (from.type === 'end') return this.#last(topic)
    const state = await this.#context.states.load(topic)
    const id = await this.#firstId(state, from)
    if (nearest === 'next') return this.#next(state, id)
    if (nearest === 'previous') return this.#previous(state, id)
    const [next, previous] = [await this.#next(state, id), await this.#previous(state, id)]
    if (next === undefined || previous === undefined) return next ?? previous
    return next.id - id <= id - previous.id ? next : previous
  }

  async readOne(topic: string, id: bigint): Promise<LogEvent | undefined> {
    const event = await this.#next(await this.#context.states.load(topic), id)
    return event?.id === id ? event : undefined
  }

  /** The place right before the nearest event at or after a position. */
  async placeBefore(topic: string, position: CheckedPosition): Promise<EventReference> {
    const state = await this.#context.states.load(topic)
    const { lastId, lastSequence, trimmed } = state
    if (position.type === 'start') return trimmed
    const id = await this.#firstId(state, position)
    const next = id > lastId ? undefined : await this.#next(state, id)
    return next === undefined
      ? { id: lastId, sequence: lastSequence }
      : { id: next.id - 1n, sequence: next.sequence - 1 }
  }

  /** The id from which on events are at or behind a position. */
  async firstIdAt(topic: string, position: CheckedPosition): Promise<bigint> {
    return this.#firstId(await this.#context.states.load(topic), position)
  }

  async #openTopic(
    topic: string,
    from: CheckedPosition,
    options: Pick<ReadOptions, 'signal'> & { reverse: boolean; follow: boolean },
  ): Promise<BlockSource> {
    const { store, states, recent, assertOpen } = this.#context
    const { reverse, follow, signal } = options
    const state = await states.load(topic)
    const firstId =
      reverse && from.type === 'end' ? beyondAllIds : await this.#firstId(state, from, reverse)
    return new BlockSource({
      firstId,
      filter: topic,
      follow,
      recent,
      signal,
      assertOpen,
      scan: async (id, last) => {
        const current = await states.load(topic)
        return reverse
          ? new ReverseTopicScan(store, current, id)
          : new TopicScan(store, current, id, last)
      },
    })
  }

  async #openLog(
    selector: CheckedSelector & { type: 'prefix' },
    from: CheckedPosition,
    options: Pick<ReadOptions, 'signal'> & { reverse: boolean; follow: boolean },
  ): Promise<BlockSource> {
    const { store, recent, lastId, assertOpen } = this.#context
    const { reverse, follow, signal } = options
    const first = from.type === 'id' ? from.id : from.type === 'end' ? lastId() + 1n : 0n
    return new BlockSource({
      firstId: reverse && from.type === 'end' ? beyondAllIds : first,
      filter: selector.matches,
      follow,
      recent,
      signal,
      assertOpen,
      scan: (id) => new LogScan(store, selector.matches, id, reverse),
    })
  }

  async #firstId(state: TopicState, position: CheckedPosition, reverse = false): Promise<bigint> {
    switch (position.type) {
      case 'start':
        return 0n
      case 'end':
        return this.#context.lastId() + 1n
      case 'id':
        return position.id
      case 'sequence': {
        const { store, intervalNs } = this.#context
        checkNoTime(position.sequence, state)
        return idOfSequence(store, state, intervalNs, position.sequence)
      }
      case 'cursor': {
        const record = await this.#context.cursors.read(state.topic, position.consumer)
        // Forward comes what is not handled yet, in reverse what is.
        return record === undefined ? 0n : record.id + (reverse ? 0n : 1n)
      }
    }
  }

  async #next(state: TopicState, id: bigint): Promise<LogEvent | undefined> {
    if (id > state.lastId) return undefined
    const scan = new TopicScan(this.#context.store, state, id, undefined, 1)
    const [range] = await onceOf(scan)
    return range?.first(1).events()[0]
  }

  async #previous(state: TopicState, id: bigint): Promise<LogEvent | undefined> {
    const scan = new ReverseTopicScan(this.#context.store, state, id, 1)
    const [range] = await onceOf(scan)
    return range?.last(1).events()[0]
  }

  async #last(topic: string): Promise<LogEvent | undefined> {
    return this.#previous(await this.#context.states.load(topic), beyondAllIds)
  }
}
