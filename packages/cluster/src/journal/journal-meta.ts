/**
 * What a member must remember of itself, in one small file that is replaced as a whole: a CRC-32 in
 * hexadecimal, a blank, and JSON.
 */
import { crc32 } from 'node:zlib'
import { GoetheError } from '@goethe/core'
import type { DurableFacts } from '../replica/facts.js'
import type { Disk } from './disk.js'

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
const freshName = 'meta.new'
const format = 1

export function encodeMeta({ storeId, facts, first, durable }: JournalMeta): string {
  const text = JSON.stringify({ format, storeId, facts, first, durable })
  return `${checksum(text)} ${text}\n`
}

/** Throws GOETHE_CORRUPT, or GOETHE_FORMAT for a format that this version does not know. */
export function decodeMeta(bytes: Uint8Array): JournalMeta {
  const content = new TextDecoder().decode(bytes)
  const text = content.slice(9, -1)
  if (content !== `${checksum(text)} ${text}\n`) {
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
  if (!(await disk.list()).includes(metaName)) return undefined
  const file = await disk.open(metaName)
  try {
    return decodeMeta(await file.read(0, await file.size()))
  } finally {
    await file.close()
  }
}

/** Resolves when it is durable. */
export async function writeMeta(disk: Disk, meta: JournalMeta): Promise<void> {
  if ((await disk.list()).includes(freshName)) await disk.remove(freshName)
  const file = await disk.open(freshName, true)
  try {
    await file.write(0, [new TextEncoder().encode(encodeMeta(meta))])
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(freshName, metaName)
  await disk.syncDirectory()
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
