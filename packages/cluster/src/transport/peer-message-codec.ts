/**
 * What replicas say to each other, as bytes. Numbers are whole, little-endian and of 8 bytes where
 * nothing else is said; a text is 2 bytes of length and UTF-8.
 *
 *     1  version of this format: 1
 *     1  kind of the body
 *     …  texts: the sender's member, store id and incarnation; the cluster's id
 *     8  epoch
 *     1  1 when the text of the receiver's store id follows, else 0
 *     …  body
 *
 * Bodies hold their fields in the order in which messages.ts declares them, a truth as a byte. That
 * of an append is its three numbers, 4 bytes of number of entries, for each entry 8 bytes of epoch
 * and 4 of length of its operations, and then the operations of all of them. An entry without
 * operations is the mark of an epoch. Their lsns follow from `previousLsn`, as they have no gaps.
 *
 * Operations are handed out as they are, not copied, when they are encoded, and as views of the
 * message when they are decoded.
 */
import { GoetheError, assert, unreachable } from '@goethe/core'
import { ByteReader } from '../byte-reader.js'
import { ByteWriter } from '../byte-writer.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import type {
  Append,
  AppendHeader,
  JournalEntry,
  PeerMessage,
  PeerMessageBody,
  Reconciled,
} from '../replica/messages.js'

type Envelope = Omit<PeerMessage, 'body'>
type Type = PeerMessageBody['type']

const version = 1
const entryBytes = 12

const kinds: Readonly<Record<Type, number>> = {
  heartbeat: 1,
  append: 2,
  reconcile: 3,
  reconciled: 4,
  'reconcile-again': 5,
  'catching-up': 6,
  acknowledge: 7,
  refuse: 8,
  'take-over': 9,
  leave: 10,
  left: 11,
  confirm: 12,
  confirmed: 13,
}
const types = new Map(Object.entries(kinds).map(([type, kind]) => [kind, type as Type]))

const answers = { settled: 0, truncate: 1, snapshot: 2 } as const

/** The parts of a message, to be sent one after the other. */
export function encodePeerMessage(message: PeerMessage): Uint8Array[] {
  const { body } = message
  if (body.type === 'append') return encodeAppend(message, body, body.entries.map(storedEntry))
  const writer = writeEnvelope(message, body.type)
  writeBody(writer, body)
  return [writer.finish()]
}

/** What the message of one entry has beside its operations, at most: names and ids are shorter. */
export const appendOverheadBytesMax = 4096

/** As `encodePeerMessage`, of an append with entries as they come from the journal. */
export function encodeAppend(
  envelope: Envelope,
  header: AppendHeader,
  entries: readonly StoredEntry[],
): Uint8Array[] {
  const writer = writeEnvelope(envelope, 'append', entries.length * entryBytes)
  writer.number(header.previousLsn)
  writer.number(header.previousEpoch)
  writer.number(header.commitLsn)
  writer.uint32(entries.length)
  const parts: Uint8Array[] = []
  let lsn = header.previousLsn
  for (const { lsn: own, epoch, operations } of entries) {
    assert(own === ++lsn, `entry ${own} of an append follows the one before it`)
    writer.number(epoch)
    writer.uint32(operations.length)
    if (operations.length > 0) parts.push(operations)
  }
  parts.unshift(writer.finish())
  return parts
}

/**
 * The message again. Throws GOETHE_CORRUPT for bytes that are none, and GOETHE_FORMAT for one of a
 * version or of a kind that is unknown here.
 */
export function decodePeerMessage(bytes: Uint8Array): PeerMessage {
  const reader = new ByteReader(bytes, 'a message between members')
  const found = reader.byte()
  if (found !== version) {
    throw new GoetheError(
      'GOETHE_FORMAT',
      `A message between members is of version ${found}; this member knows version ${version}: ` +
        `bring all members to one version of Goethe`,
    )
  }
  const kind = reader.byte()
  const type = types.get(kind)
  if (type === undefined) {
    throw new GoetheError(
      'GOETHE_FORMAT',
      `A message between members is of kind ${kind}, which this member does not know: ` +
        `bring all members to one version of Goethe`,
    )
  }
  const from = { member: reader.text(), storeId: reader.text(), incarnation: reader.text() }
  const clusterId = reader.text()
  const epoch = reader.number()
  const toStoreId = readTruth(reader) ? reader.text() : undefined
  const body = readBody(reader, type)
  reader.end()
  return { from, clusterId, epoch, ...(toStoreId !== undefined && { toStoreId }), body }
}

function writeEnvelope(
  { from, clusterId, epoch, toStoreId }: Envelope,
  type: Type,
  bodyBytes = 0,
): ByteWriter {
  const writer = new ByteWriter(256 + bodyBytes)
  writer.byte(version)
  writer.byte(kinds[type])
  writer.text(from.member)
  writer.text(from.storeId)
  writer.text(from.incarnation)
  writer.text(clusterId)
  writer.number(epoch)
  writer.byte(toStoreId === undefined ? 0 : 1)
  if (toStoreId !== undefined) writer.text(toStoreId)
  return writer
}

function writeBody(writer: ByteWriter, body: Exclude<PeerMessageBody, Append>): void {
  switch (body.type) {
    case 'heartbeat':
      writer.number(body.commitLsn)
      writer.number(body.trimLsn)
      writer.number(body.confirm)
      break
    case 'reconcile':
      writer.number(body.request)
      writer.number(body.lastLsn)
      writer.number(body.lastEpoch)
      break
    case 'reconciled':
      writer.number(body.request)
      writer.byte(answers[body.answer.type])
      if (body.answer.type === 'truncate') {
        writer.number(body.answer.epoch)
        writer.number(body.answer.lsn)
      }
      break
    case 'acknowledge':
      writer.number(body.durableLsn)
      writer.number(body.receivedLsn)
      writer.number(body.flushedLsn)
      writer.number(body.confirm)
      writer.byte(body.gap ? 1 : 0)
      break
    case 'confirm':
      writer.number(body.request)
      break
    case 'confirmed':
      writer.number(body.request)
      writer.number(body.lsn)
      break
    case 'reconcile-again':
    case 'catching-up':
    case 'refuse':
    case 'take-over':
    case 'leave':
    case 'left':
      break
    default:
      unreachable(body)
  }
}

// The order in which an object literal is written is the one in which its fields are read.
function readBody(reader: ByteReader, type: Type): PeerMessageBody {
  switch (type) {
    case 'heartbeat':
      return {
        type,
        commitLsn: reader.number(),
        trimLsn: reader.number(),
        confirm: reader.number(),
      }
    case 'append':
      return readAppend(reader)
    case 'reconcile':
      return {
        type,
        request: reader.number(),
        lastLsn: reader.number(),
        lastEpoch: reader.number(),
      }
    case 'reconciled':
      return { type, request: reader.number(), answer: readAnswer(reader) }
    case 'acknowledge':
      return {
        type,
        durableLsn: reader.number(),
        receivedLsn: reader.number(),
        flushedLsn: reader.number(),
        confirm: reader.number(),
        gap: readTruth(reader),
      }
    case 'confirm':
      return { type, request: reader.number() }
    case 'confirmed':
      return { type, request: reader.number(), lsn: reader.number() }
    case 'reconcile-again':
    case 'catching-up':
    case 'refuse':
    case 'take-over':
    case 'leave':
    case 'left':
      return { type }
    default:
      return unreachable(type)
  }
}

function readAppend(reader: ByteReader): Append {
  const previousLsn = reader.number()
  const previousEpoch = reader.number()
  const commitLsn = reader.number()
  const count = reader.uint32()
  const heads = new ByteReader(reader.bytes(count * entryBytes), 'the entries of an append')
  if (!Number.isSafeInteger(previousLsn + count)) throw reader.corrupt('lsns are above 2^53 - 1')
  const entries: JournalEntry[] = []
  for (let index = 1; index <= count; index++) {
    const epoch = heads.number()
    const bytes = heads.uint32()
    const entry = { lsn: previousLsn + index, epoch, bytes }
    entries.push(bytes === 0 ? entry : { ...entry, payload: reader.bytes(bytes) })
  }
  return { type: 'append', previousLsn, previousEpoch, commitLsn, entries }
}

function readAnswer(reader: ByteReader): Reconciled['answer'] {
  const answer = reader.byte()
  switch (answer) {
    case answers.settled:
      return { type: 'settled' }
    case answers.truncate:
      return { type: 'truncate', epoch: reader.number(), lsn: reader.number() }
    case answers.snapshot:
      return { type: 'snapshot' }
    default:
      throw reader.corrupt(`there is no answer ${answer}`)
  }
}

function readTruth(reader: ByteReader): boolean {
  const value = reader.byte()
  if (value > 1) throw reader.corrupt(`a truth is 0 or 1, not ${value}`)
  return value === 1
}

/** The payloads of this process are operations as `encodeOperations` makes them. */
function storedEntry({ lsn, epoch, payload }: JournalEntry): StoredEntry {
  if (payload === undefined) return { lsn, epoch, operations: noOperations }
  assert(
    payload instanceof Uint8Array && payload.length > 0,
    `the payload of entry ${lsn} is bytes, as an entry without any is the mark of an epoch`,
  )
  return { lsn, epoch, operations: payload }
}

const noOperations = new Uint8Array()
