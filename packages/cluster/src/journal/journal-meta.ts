/**
 * What a member must remember of itself, in one small file that is replaced as a whole: a CRC-32 in
 * hexadecimal, a blank, and JSON.
 */
import { GoetheError } from '@goethe/core'
import type { DurableFacts } from '../replica/facts.js'
import type { Disk } from './disk.js'
import { decodeChecked, encodeChecked, prepareWhole, readWhole } from './whole-file.js'

export interface JournalMeta {
  /** A UUID made together with the empty directory. */
  readonly storeId: string
  /** What the replica must not forget. */
  readonly facts: DurableFacts
  /** The oldest segment: those before it were trimmed. */
  readonly first: number
  /** All bytes of the journal before this place are durable: damage there is no cut-off write. */
  readonly durable: { readonly segment: number; readonly offset: number }
}

export const metaName = 'meta'
const format = 1

export function encodeMeta({ storeId, facts, first, durable }: JournalMeta): Uint8Array {
  return encodeChecked(JSON.stringify({ format, storeId, facts, first, durable }))
}

/** Throws GOETHE_CORRUPT, or GOETHE_FORMAT for a format that this version does not know. */
export function decodeMeta(bytes: Uint8Array): JournalMeta {
  const text = decodeChecked(bytes)
  if (text === undefined) {
    throw new GoetheError(
      'GOETHE_CORRUPT',
      "The journal's file `meta` is damaged: its checksum does not fit",
    )
  }
  const { format: found, ...meta } = JSON.parse(text) as JournalMeta & { format: number }
  if (found !== format) {
    throw new GoetheError(
      'GOETHE_FORMAT',
      `The journal's file \`meta\` has format ${found}; this version knows format ${format}`,
    )
  }
  return meta
}

/** Undefined where there is none. */
export async function readMeta(disk: Disk): Promise<JournalMeta | undefined> {
  const bytes = await readWhole(disk, metaName)
  return bytes && decodeMeta(bytes)
}

/** Resolves when it is durable. */
export async function writeMeta(disk: Disk, meta: JournalMeta): Promise<void> {
  const replace = await prepareWhole(disk, metaName, encodeMeta(meta))
  await replace()
}
