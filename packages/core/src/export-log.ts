/**
 * Writes a log as one stream of frames: what describes its topics, its commits in order, then
 * cursors and producers. With a snapshot, all of it is of one moment.
 */
import type { ByteSink, ExportOptions, TransferResult } from './upkeep-api.js'
import { checkOptions, checkSignal } from './arguments.js'
import { Block } from './block.js'
import { decodeCommit } from './commit-record.js'
import { ArgumentError, GoetheError, abortedError } from './errors.js'
import { appendId, trailingId } from './keyspace.js'
import { describeValue } from './names.js'
import { RecordWriter } from './record.js'
import type { Store } from './store.js'
import type { StoreEntry } from './store-scan.js'
import { decodeTopicRecord } from './topic-record.js'
import { reading } from './stored-entry.js'
import { type FrameType, encodeFrame } from './transfer-frame.js'

export const exportVersion = 1

/** See `EventLog.exportTo`. */
export async function exportLog(
  store: Store,
  log: { logId: string; lastId: bigint },
  sink: ByteSink,
  options: ExportOptions,
): Promise<TransferResult> {
  const after = checkExport(options)
  const output = outputOf(sink)
  const exporter = new Exporter(store, log, after, output, options)
  try {
    const result = await exporter.run()
    await output.close()
    return result
  } catch (error) {
    await output.abort(error)
    throw error
  } finally {
    await exporter.close()
  }
}

/** Throws ArgumentError for wrong options; gives the id behind which an export begins. */
export function checkExport(options: ExportOptions): bigint {
  checkOptions(options, ['after', 'onProgress', 'signal'])
  checkSignal(options.signal)
  const { after = 0n } = options
  if (typeof after === 'bigint' && after >= 0n) return after
  throw new ArgumentError(
    `'after' is the last id of an earlier export; got ${describeValue(after)}`,
  )
}

/** A sink of either kind. */
export interface Output {
  write(chunk: Uint8Array): Promise<unknown>
  close(): Promise<unknown>
  abort(reason: unknown): Promise<unknown>
}

/** Throws ArgumentError for what is no sink. */
export function outputOf(sink: ByteSink): Output {
  if (typeof sink === 'function') {
    return {
      write: async (chunk) => sink(chunk),
      close: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    }
  }
  if (typeof sink === 'object' && sink !== null && typeof sink.getWriter === 'function') {
    const writer = sink.getWriter()
    return {
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      // The error that ended the export matters, not that the sink could not be told.
      abort: (reason) => writer.abort(reason).catch(() => undefined),
    }
  }
  throw new ArgumentError(
    `An export is written to a WritableStream or by a function; got ${describeValue(sink)}`,
  )
}

class Exporter {
  readonly #store: Store
  readonly #log: { logId: string; lastId: bigint }
  readonly #after: bigint
  readonly #output: Output
  readonly #options: ExportOptions
  readonly #snapshot: ReturnType<Store['snapshot']>
  #events = 0
  #bytes = 0
  #lastId: bigint

  constructor(
    store: Store,
    log: { logId: string; lastId: bigint },
    after: bigint,
    output: Output,
    options: ExportOptions,
  ) {
    this.#store = store
    this.#log = log
    this.#after = after
    this.#output = output
    this.#options = options
    this.#lastId = after
    this.#snapshot = store.snapshot()
  }

  async close(): Promise<void> {
    await this.#snapshot?.close()
  }

  async run(): Promise<TransferResult> {
    const { logId, lastId } = this.#log
    const { topics, cursors, producers } = this.#store.keyspaces
    const header = new RecordWriter().text('goethe-export').number(exportVersion)
    await this.#write('header', header.text(logId).id(this.#after).id(lastId))
    for await (const [key, value] of this.#scan(topics.range())) {
      await this.#write('topic', new RecordWriter().text(topics.text(key)).bytes(value))
    }
    await this.#commits()
    for (const [type, keyspace] of [
      ['cursor', cursors],
      ['producer', producers],
    ] as const) {
      for await (const [key, value] of this.#scan(keyspace.range())) {
        const { topic, name } = keyspace.names(key)
        await this.#write(type, new RecordWriter().text(topic).text(name).bytes(value))
      }
    }
    const end = new RecordWriter().number(this.#events).number(this.#bytes).id(lastId)
    await this.#write('end', end)
    return { logId, events: this.#events, bytes: this.#bytes, lastId }
  }

  async #commits(): Promise<void> {
    const { commits } = this.#store.keyspaces
    const from = commits.idKey(this.#after + 1n)
    const to = commits.idKey(this.#log.lastId)
    if (this.#after >= this.#log.lastId) return
    for await (const [key, value] of this.#scan({ gte: from, lte: to })) {
      if (this.#options.signal?.aborted) throw abortedError(this.#options.signal)
      const names = reading('commits', key, undefined, () => decodeCommit(value))
      const blocks: { topic: string; bytes: Uint8Array }[] = []
      for (const { topic, lastId } of names) {
        const bytes = await this.#block(topic, lastId)
        if (bytes !== undefined) blocks.push({ topic, bytes })
      }
      const writer = new RecordWriter().id(trailingId(key)).number(blocks.length)
      for (const { topic, bytes } of blocks) writer.text(topic).bytes(bytes)
      await this.#write('commit', writer)
      this.#lastId = trailingId(key)
      const { onProgress } = this.#options
      onProgress?.({ events: this.#events, bytes: this.#bytes, lastId: this.#lastId })
    }
  }

  /** A block's bytes, verified; undefined when it was trimmed since the commit was read. */
  async #block(topic: string, lastId: bigint): Promise<Uint8Array | undefined> {
    const { events, topics } = this.#store.keyspaces
    const key = appendId(events.topicPrefix(topic), lastId)
    const bytes = await this.#store.get(key, this.#snapshot)
    if (bytes !== undefined) {
      const block = reading('events', key, topic, () => Block.decode(topic, bytes))
      this.#events += block.count
      this.#bytes += block.payloadBytes
      return bytes
    }
    const recordKey = topics.key(topic)
    const value = await this.#store.get(recordKey)
    const record = value && reading('topics', recordKey, topic, () => decodeTopicRecord(value))
    if (record === undefined || record.createdId > lastId || record.trimmed.id >= lastId) {
      return undefined
    }
    throw new GoetheError('GOETHE_CORRUPT', `Topic '${topic}' lacks its block ${lastId}`, {
      details: { topic },
    })
  }

  async *#scan(range: object): AsyncGenerator<StoreEntry> {
    yield* this.#store.scan(range, { snapshot: this.#snapshot })
  }

  async #write(type: FrameType, content: RecordWriter): Promise<void> {
    await this.#output.write(encodeFrame({ type, content: content.seal() }))
  }
}
