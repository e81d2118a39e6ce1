/**
 * Restores an export, frame by frame, each commit as it was. How far it came is written with the
 * events themselves, so that an import that was interrupted goes on where it stopped when it is
 * called with the same export again. Until the end frame nothing else may be written to the log.
 */
import type { Retention } from './topic-api.js'
import type { ImportOptions, TransferResult } from './upkeep-api.js'
import { checkOptions, checkSignal } from './arguments.js'
import { Block } from './block.js'
import { indexEntriesOf } from './block-index.js'
import { encodeCommit } from './commit-record.js'
import type { Committer } from './committer.js'
import { decodeCursorRecord } from './cursor-record.js'
import { ArgumentError, GoetheError, abortedError } from './errors.js'
import { exportVersion } from './export-log.js'
import { encodeIndexEntry } from './index-entry.js'
import { queueBytesPerPayload } from './limits.js'
import { type ImportMeta, importMetaOperation } from './meta.js'
import { describeValue } from './names.js'
import { ProducerResults } from './producers.js'
import { RecordReader } from './record.js'
import type { Store, StoreOperation } from './store.js'
import { type TopicRecord, decodeTopicRecord } from './topic-record.js'
import { reading } from './stored-entry.js'
import type { TopicStates } from './topic-state.js'
import { type Frame, decodeFrames } from './transfer-frame.js'
import { type TrimContext, deleteTopic, trimThrough } from './trim.js'

/** Bytes of blocks that are written in one batch. */
const batchBytes = 4 * 1024 * 1024

export interface ImportContext {
  store: Store
  states: TopicStates
  committer: Committer
  intervalNs: bigint
  lastId(): bigint
  /** The import that this log came from so far. */
  imported(): ImportMeta | undefined
  onProgress(imported: ImportMeta): void
  /** What trims and deletes topics of this log. */
  trim: TrimContext
  /** Called with each topic that came, and what it keeps. */
  onTopic(topic: string, retention: Retention | null): void
  /** Called when stored cursors were replaced. */
  onCursors(): void
}

/** Throws ArgumentError for what is no source, or wrong options. */
export function checkImport(source: AsyncIterable<Uint8Array>, options: ImportOptions): void {
  checkOptions(options, ['onProgress', 'signal'])
  checkSignal(options.signal)
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source)) {
    throw new ArgumentError(
      `An export is read from an async iterable of bytes; got ${describeValue(source)}`,
    )
  }
}

/** See `EventLog.importFrom`. */
export async function importLog(
  context: ImportContext,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<TransferResult> {
  checkImport(source, options)
  const importer = new Importer(context, options)
  for await (const frame of decodeFrames(source)) {
    if (options.signal?.aborted) throw abortedError(options.signal)
    await importer.take(frame)
  }
  return importer.finish()
}

class Importer {
  readonly #context: ImportContext
  readonly #options: ImportOptions
  #logId: string | undefined
  #operations: StoreOperation[] = []
  #batchBytes = 0
  #throughId = 0n
  #events = 0
  #bytes = 0
  /** Payload bytes of each topic so far. */
  readonly #topicBytes = new Map<string, number>()
  /** The topics of the export. */
  readonly #topics = new Set<string>()
  #result: TransferResult | undefined

  constructor(context: ImportContext, options: ImportOptions) {
    this.#context = context
    this.#options = options
  }

  async take({ type, content }: Frame): Promise<void> {
    const reader = reading('export', content.subarray(0, 0), undefined, () => {
      return new RecordReader(content)
    })
    if (type === 'header') return this.#header(reader)
    if (this.#logId === undefined || this.#result !== undefined) throw unordered(type)
    switch (type) {
      case 'topic':
        return this.#topic(reader.text(), reader.bytes())
      case 'commit':
        return this.#commit(reader)
      case 'cursor':
      case 'producer':
        return this.#named(type, reader.text(), reader.text(), reader.bytes())
      case 'end':
        return this.#end(reader)
    }
  }

  finish(): TransferResult {
    if (this.#result !== undefined) return this.#result
    throw new GoetheError(
      'GOETHE_CORRUPT',
      this.#logId === undefined
        ? 'This is no export: it has no header'
        : 'The export ends too early; import the whole of it to go on',
    )
  }

  async #header(reader: RecordReader): Promise<void> {
    if (this.#logId !== undefined) throw unordered('header')
    if (reader.text() !== 'goethe-export') {
      throw new GoetheError('GOETHE_CORRUPT', 'This is no export of an event log')
    }
    const version = reader.number()
    if (version !== exportVersion) {
      throw new GoetheError('GOETHE_FORMAT', `Exports of version ${version} are not known here`)
    }
    const logId = reader.text()
    const after = reader.id()
    const lastId = this.#context.lastId()
    const imported = this.#context.imported()
    const goesOn = imported?.logId === logId && imported.throughId === lastId
    if (goesOn && after > lastId) {
      throw new GoetheError(
        'GOETHE_NOT_EMPTY',
        `The export begins behind event ${after}, but this log ends with ${lastId}; ` +
          'import the exports between them first',
      )
    }
    if (!goesOn && (lastId > 0n || after > 0n)) {
      throw new GoetheError(
        'GOETHE_NOT_EMPTY',
        lastId > 0n
          ? 'The log has events of its own; an export is restored into an empty log'
          : `The export holds only what came after event ${after}; import the one before first`,
      )
    }
    this.#logId = logId
    this.#throughId = lastId
    // From here on the log is between two states until the end frame.
    await this.#write(false)
  }

  async #topic(topic: string, bytes: Uint8Array): Promise<void> {
    const key = this.#context.store.keyspaces.topics.key(topic)
    const record = reading('topics', key, topic, () => decodeTopicRecord(bytes))
    this.#topics.add(topic)
    await this.#forgetOlder(topic, record)
    this.#context.onTopic(topic, record.retention)
    const { bytes: before } = await this.#context.states.load(topic)
    this.#topicBytes.set(topic, Math.max(before, record.trimmed.bytes))
    this.#add({ type: 'put', key, value: bytes.slice() }, bytes.length)
  }

  /** What an earlier import brought and the exported log has no more. */
  async #forgetOlder(topic: string, record: TopicRecord): Promise<void> {
    const { states, trim } = this.#context
    const known = (await states.load(topic)).record
    if (known === undefined) return
    if (known.createdId !== record.createdId) await deleteTopic(trim, topic)
    else if (record.trimmed.id > known.trimmed.id) {
      await trimThrough(trim, topic, record.trimmed.id)
    }
  }

  async #deleteOthers(): Promise<void> {
    const { store, trim } = this.#context
    const { topics } = store.keyspaces
    for await (const [key] of store.scan(topics.range(), { keysOnly: true })) {
      const topic = topics.text(key)
      if (!this.#topics.has(topic)) await deleteTopic(trim, topic)
    }
  }

  async #commit(reader: RecordReader): Promise<void> {
    const { keyspaces } = this.#context.store
    const id = reader.id()
    const blocks: Block[] = []
    for (let left = reader.number(); left > 0; left--) {
      const topic = reader.text()
      // A copy: what the source gave may be changed or reused by it.
      const bytes = reader.bytes().slice()
      const key = keyspaces.events.key(topic)
      blocks.push(reading('events', key, topic, () => Block.decode(topic, bytes)))
    }
    // Already there, from the import that was interrupted or the export before.
    if (id <= this.#throughId) return
    for (const block of blocks) await this.#block(block)
    const names = blocks.map(({ topic, lastId }) => ({ topic, lastId }))
    this.#throughId = id
    this.#add({ type: 'put', key: keyspaces.commits.idKey(id), value: encodeCommit(names) }, 0)
    this.#options.onProgress?.({ events: this.#events, bytes: this.#bytes, lastId: id })
    if (this.#batchBytes >= batchBytes) await this.#write(false)
  }

  async #block(block: Block): Promise<void> {
    const { topic, bytes } = block
    const state = await this.#context.states.load(topic)
    const before = this.#topicBytes.get(topic) ?? state.bytes
    this.#add({ type: 'put', key: state.eventKey(block.lastId), value: bytes }, bytes.length)
    for (const entry of indexEntriesOf(block, this.#context.intervalNs, before)) {
      const key = state.indexKey(entry.start)
      this.#add({ type: 'put', key, value: encodeIndexEntry(entry) }, 0)
      this.#bytes += entry.bytes - (this.#topicBytes.get(topic) ?? before)
      this.#topicBytes.set(topic, entry.bytes)
    }
    this.#events += block.count
  }

  #named(type: 'cursor' | 'producer', topic: string, name: string, bytes: Uint8Array): void {
    const { cursors, producers } = this.#context.store.keyspaces
    const key = (type === 'cursor' ? cursors : producers).nameKey(topic, name)
    reading(`${type}s`, key, topic, () => {
      if (type === 'cursor') decodeCursorRecord(bytes)
      else new ProducerResults(bytes).all()
    })
    this.#add({ type: 'put', key, value: bytes.slice() }, bytes.length)
  }

  async #end(reader: RecordReader): Promise<void> {
    reader.number()
    reader.number()
    const lastId = reader.id()
    await this.#deleteOthers()
    await this.#write(true)
    this.#context.onCursors()
    this.#result = { logId: this.#logId!, events: this.#events, bytes: this.#bytes, lastId }
  }

  #add(operation: StoreOperation, bytes: number): void {
    this.#operations.push(operation)
    this.#batchBytes += bytes
  }

  async #write(complete: boolean): Promise<void> {
    const imported = { logId: this.#logId!, throughId: this.#throughId, complete }
    const operations = [...this.#operations, importMetaOperation(this.#context.store, imported)]
    this.#operations = []
    this.#batchBytes = 0
    await this.#context.committer.commit({
      parts: [],
      bytes: queueBytesPerPayload,
      operations: () => operations,
    })
    this.#context.onProgress(imported)
  }
}

function unordered(type: string): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', `A ${type} frame stands where none belongs`)
}
