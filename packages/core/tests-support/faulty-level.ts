/**
 * A store on top of another one that fails, waits or writes half when a test tells it to. What
 * stands below is used through its public methods, with bytes for keys and values.
 */
import { AbstractIterator, AbstractLevel } from 'abstract-level'
import type { AbstractIteratorOptions } from 'abstract-level'
import type { Database } from '../src/database.js'

type Bytes = Uint8Array
/** With all that a store of abstract-level has. */
type Below = AbstractLevel<any, any, any>

export interface WrittenOperation {
  type: 'put' | 'del'
  key: Bytes
  value?: Bytes
}

export type ReadKind = 'get' | 'getMany' | 'iterate'

export interface Faults {
  /** Stands in for each write; `write` is what would have been done. */
  write?:
    | ((
        operations: readonly WrittenOperation[],
        write: (operations: readonly WrittenOperation[]) => Promise<void>,
        options: { sync?: boolean },
      ) => Promise<void>)
    | undefined
  /** Called before each read; throws for one that fails. */
  read?: ((kind: ReadKind, keys: readonly Bytes[]) => void) | undefined
  /** Stands in for values that are read. */
  value?: ((key: Bytes, value: Bytes) => Bytes) | undefined
}

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const

export class FaultyLevel extends AbstractLevel<Bytes, Bytes, Bytes> {
  readonly below: Below
  faults: Faults = {}
  writes = 0

  /** `orderedBatches`: it promises to carry out its writes in their order. */
  constructor(below: Database, { orderedBatches = false } = {}) {
    super(
      {
        encodings: { view: true },
        createIfMissing: true,
        permanence: below.supports.permanence ?? true,
        ...{ orderedBatches },
      },
      views,
    )
    this.below = below as unknown as Below
  }

  async _open(): Promise<void> {
    await this.below.open()
  }

  async _close(): Promise<void> {
    await this.below.close()
  }

  async _get(key: Bytes): Promise<Bytes | undefined> {
    this.faults.read?.('get', [key])
    const value = await this.below.get<Bytes, Bytes>(key, views)
    return value && this.seen(key, value)
  }

  async _getMany(keys: Bytes[]): Promise<(Bytes | undefined)[]> {
    this.faults.read?.('getMany', keys)
    const values = await this.below.getMany<Bytes, Bytes>(keys, views)
    return values.map((value, index) => value && this.seen(keys[index]!, value))
  }

  async _batch(operations: WrittenOperation[], options: { sync?: boolean }): Promise<void> {
    this.writes++
    const write = async (some: readonly WrittenOperation[]): Promise<void> => {
      const all = some.map((operation) => ({ ...operation, ...views }))
      await this.below.batch(all as never[], { sync: options.sync } as object)
    }
    await (this.faults.write ?? ((all, writeAll) => writeAll(all)))(operations, write, options)
  }

  _iterator(options: AbstractIteratorOptions<Bytes, Bytes>): FaultyIterator {
    return new FaultyIterator(this, options)
  }

  /** What a reader gets to see of a value. */
  seen(key: Bytes, value: Bytes): Bytes {
    return this.faults.value?.(key, value) ?? value
  }
}

class FaultyIterator extends AbstractIterator<FaultyLevel, Bytes, Bytes> {
  readonly #below: AbstractIterator<any, Bytes, Bytes>
  readonly #level: FaultyLevel

  constructor(level: FaultyLevel, options: AbstractIteratorOptions<Bytes, Bytes>) {
    super(level, options)
    this.#level = level
    this.#below = level.below.iterator<Bytes, Bytes>({ ...options, ...views })
  }

  async _next(): Promise<[Bytes, Bytes] | undefined> {
    this.#level.faults.read?.('iterate', [])
    const entry = await this.#below.next()
    return entry && this.#seen(entry)
  }

  async _nextv(size: number): Promise<[Bytes, Bytes][]> {
    this.#level.faults.read?.('iterate', [])
    return (await this.#below.nextv(size)).map((entry) => this.#seen(entry))
  }

  async _close(): Promise<void> {
    await this.#below.close()
  }

  #seen([key, value]: [Bytes, Bytes]): [Bytes, Bytes] {
    return [key, value === undefined ? value : this.#level.seen(key, value)]
  }
}

/** Holds the next write until released; the works that come meanwhile share the commit after it. */
export function holdNextWrite(level: FaultyLevel): { held: Promise<void>; release(): void } {
  let release!: () => void
  let arrived!: () => void
  const held = new Promise<void>((resolve) => (arrived = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  level.faults.write = async (operations, write) => {
    level.faults.write = undefined
    arrived()
    await released
    await write(operations)
  }
  return { held, release }
}

/** Turns of the event loop until something is so; for what has no event of its own. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
