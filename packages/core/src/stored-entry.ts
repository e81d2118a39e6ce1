/** Entries of the store as they are read: what cannot be decoded is reported with its place. */
import { BlockError } from './block.js'
import { GoetheError } from './errors.js'
import { hexadecimalKey } from './keyspace.js'
import { RecordError } from './record.js'

/** Runs a decoder and turns what it throws into GOETHE_CORRUPT with the entry's place. */
export function reading<T>(
  keyspace: string,
  key: Uint8Array,
  topic: string | undefined,
  decode: () => T,
): T {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof BlockError || error instanceof RecordError)) throw error
    const of = topic === undefined ? '' : ` of topic '${topic}'`
    throw new GoetheError(
      'GOETHE_CORRUPT',
      `The ${keyspace} entry${of} with key ${hexadecimalKey(key)} is corrupt: ${error.message}`,
      { cause: error, details: topic === undefined ? {} : { topic } },
    )
  }
}
