/** What the log knows of itself: its format, its id, its index, and an import under way. */
import { GoetheError } from './errors.js'
import { RecordReader, RecordWriter } from './record.js'
import type { Store, StoreOperation } from './store.js'
import { reading } from './stored-entry.js'

/** The format that this version writes, and the only one that it reads. */
const formatVersion = 1

export interface IndexMeta {
  intervalMs: number
  /** False while the index is being rebuilt. */
  complete: boolean
}

/** Which export this log was restored from, and how far. */
export interface ImportMeta {
  /** The exported log. */
  logId: string
  /** The last id of the export, or of the part of it that has been imported so far. */
  throughId: bigint
  complete: boolean
}

export interface LogMeta {
  logId: string
  index: IndexMeta
  import: ImportMeta | undefined
}

declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }

/** A random UUID (version 4, RFC 9562). */
export function randomLogId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hexadecimal = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hexadecimal.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/**
 * Reads the log's meta entries, undefined for an empty store. Rejects with GOETHE_FORMAT for a
 * format of another version, GOETHE_CORRUPT when there are events but no meta entries.
 */
export async function readMeta(store: Store): Promise<LogMeta | undefined> {
  const { meta, commits } = store.keyspaces
  const [format, log, index, imported] = await store.getMany(
    ['format', 'log', 'index', 'import'].map((name) => meta.key(name)),
  )
  if (format === undefined) {
    if ((await store.first(commits.range())) === undefined) return undefined
    throw new GoetheError(
      'GOETHE_CORRUPT',
      'The store holds events, but the entry that tells their format is missing',
    )
  }
  const version = readMetaEntry(store, 'format', format).number()
  if (version !== formatVersion) {
    throw new GoetheError(
      'GOETHE_FORMAT',
      `The store has format ${version}; this version of Goethe reads format ${formatVersion}`,
    )
  }
  if (log === undefined || index === undefined) {
    throw new GoetheError('GOETHE_CORRUPT', 'An entry that describes the log is missing')
  }
  const indexReader = readMetaEntry(store, 'index', index)
  return {
    logId: readMetaEntry(store, 'log', log).text(),
    index: { intervalMs: indexReader.number(), complete: indexReader.number() === 1 },
    import: imported && decodeImport(readMetaEntry(store, 'import', imported)),
  }
}

/** The entries of a new log. */
export function newMetaOperations(store: Store, meta: LogMeta): StoreOperation[] {
  return [
    put(store, 'format', new RecordWriter().number(formatVersion)),
    put(store, 'log', new RecordWriter().text(meta.logId)),
    indexMetaOperation(store, meta.index),
  ]
}

export function indexMetaOperation(store: Store, index: IndexMeta): StoreOperation {
  const writer = new RecordWriter().number(index.intervalMs).number(index.complete ? 1 : 0)
  return put(store, 'index', writer)
}

export function importMetaOperation(store: Store, imported: ImportMeta): StoreOperation {
  const { logId, throughId, complete } = imported
  return put(
    store,
    'import',
    new RecordWriter()
      .text(logId)
      .id(throughId)
      .number(complete ? 1 : 0),
  )
}

function put(store: Store, name: string, writer: RecordWriter): StoreOperation {
  return { type: 'put', key: store.keyspaces.meta.key(name), value: writer.seal() }
}

function readMetaEntry(store: Store, name: string, bytes: Uint8Array): RecordReader {
  const key = store.keyspaces.meta.key(name)
  return reading('meta', key, undefined, () => new RecordReader(bytes))
}

function decodeImport(reader: RecordReader): ImportMeta {
  return { logId: reader.text(), throughId: reader.id(), complete: reader.number() === 1 }
}
