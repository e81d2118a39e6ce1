import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JournalEntry, PeerMessage, PeerMessageBody } from '../replica/messages.js'
import { decodePeerMessage, encodeAppend, encodePeerMessage } from './peer-message-codec.js'

const number = fc.maxSafeNat()
const lsn = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 100 }))
const text = fc.string({ maxLength: 60, unit: 'binary' })

const append = fc
  .record({
    previousLsn: lsn,
    previousEpoch: number,
    commitLsn: number,
    entries: fc.array(fc.tuple(number, fc.uint8Array({ maxLength: 40 })), { maxLength: 20 }),
  })
  .map(({ entries, ...header }): PeerMessageBody => {
    const entryOf = ([epoch, payload]: [number, Uint8Array], index: number): JournalEntry => ({
      lsn: header.previousLsn + 1 + index,
      epoch,
      bytes: payload.length,
      ...(payload.length > 0 && { payload }),
    })
    return { type: 'append', ...header, entries: entries.map(entryOf) }
  })

const bodies: { [Type in PeerMessageBody['type']]: fc.Arbitrary<PeerMessageBody> } = {
  append,
  heartbeat: fc.record({
    type: fc.constant('heartbeat'),
    commitLsn: number,
    trimLsn: number,
    confirm: number,
  }),
  reconcile: fc.record({
    type: fc.constant('reconcile'),
    request: number,
    lastLsn: number,
    lastEpoch: number,
  }),
  reconciled: fc.record({
    type: fc.constant('reconciled'),
    request: number,
    answer: fc.oneof(
      fc.constantFrom({ type: 'settled' } as const, { type: 'snapshot' } as const),
      fc.record({ type: fc.constant('truncate'), epoch: number, lsn: number }),
    ),
  }),
  acknowledge: fc.record({
    type: fc.constant('acknowledge'),
    durableLsn: number,
    receivedLsn: number,
    flushedLsn: number,
    confirm: number,
    gap: fc.boolean(),
  }),
  'reconcile-again': fc.constant({ type: 'reconcile-again' }),
  'catching-up': fc.constant({ type: 'catching-up' }),
  refuse: fc.constant({ type: 'refuse' }),
  'take-over': fc.constant({ type: 'take-over' }),
  leave: fc.constant({ type: 'leave' }),
  left: fc.constant({ type: 'left' }),
  confirm: fc.record({ type: fc.constant('confirm'), request: number }),
  confirmed: fc.record({ type: fc.constant('confirmed'), request: number, lsn: number }),
}

const messages: fc.Arbitrary<PeerMessage> = fc.record(
  {
    from: fc.record({ member: text, storeId: text, incarnation: text }),
    clusterId: text,
    epoch: number,
    toStoreId: text,
    body: fc.oneof(...Object.values(bodies)),
  },
  { requiredKeys: ['from', 'clusterId', 'epoch', 'body'] },
)

const example: PeerMessage = {
  from: { member: 'a', storeId: 's', incarnation: 'i' },
  clusterId: 'c',
  epoch: 7,
  body: { type: 'leave' },
}

/** A payload is compared as bytes, whatever class its view has. */
function comparable(message: PeerMessage): unknown {
  if (message.body.type !== 'append') return message
  const entries = message.body.entries.map((entry) => ({
    ...entry,
    ...(entry.payload !== undefined && { payload: [...(entry.payload as Uint8Array)] }),
  }))
  return { ...message, body: { ...message.body, entries } }
}

const bytesOf = (message: PeerMessage): Buffer => Buffer.concat(encodePeerMessage(message))

/** What decoding does with bytes that may be anything. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return decodePeerMessage(bytes)
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('a message between members', () => {
  test('is the same again', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(comparable(decodePeerMessage(bytesOf(message)))).toEqual(comparable(message))
      }),
    )
  })

  test('that is cut anywhere is refused', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, cut) => {
        const bytes = bytesOf(message)
        expect(outcome(bytes.subarray(0, cut % bytes.length))).toBe('GOETHE_CORRUPT')
      }),
    )
  })

  test('with bytes behind its end is refused', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(outcome(Buffer.concat([bytesOf(message), Buffer.of(0)]))).toBe('GOETHE_CORRUPT')
      }),
    )
  })

  test('with a changed byte is refused, or another message that can be sent', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, change) => {
        const bytes = bytesOf(message)
        bytes[at % bytes.length]! ^= change
        const found = outcome(bytes)
        if (typeof found === 'string') expect(['GOETHE_CORRUPT', 'GOETHE_FORMAT']).toContain(found)
        else expect(() => encodePeerMessage(found as PeerMessage)).not.toThrow()
      }),
    )
  })

  test('may be any bytes, and is refused or understood', () => {
    const kind = fc.integer({ min: 1, max: 14 })
    fc.assert(
      fc.property(kind, fc.uint8Array({ maxLength: 200 }), (kind, rest) => {
        const found = outcome(Buffer.concat([Buffer.of(1, kind), rest]))
        if (typeof found === 'string') expect(['GOETHE_CORRUPT', 'GOETHE_FORMAT']).toContain(found)
        else expect(found).toBeTypeOf('object')
      }),
      { numRuns: 1000 },
    )
  })

  test('of another version is refused with what to do', () => {
    const bytes = bytesOf(example)
    bytes[0] = 2
    expect(() => decodePeerMessage(bytes)).toThrow(
      expect.objectContaining({
        code: 'GOETHE_FORMAT',
        message: expect.stringContaining('bring all members to one version') as string,
      }),
    )
  })

  test('of an unknown kind is refused', () => {
    const bytes = bytesOf(example)
    bytes[1] = 200
    expect(outcome(bytes)).toBe('GOETHE_FORMAT')
  })

  test('cannot claim more entries than it has bytes for', () => {
    const bytes = bytesOf({
      ...example,
      body: { type: 'append', previousLsn: 1, previousEpoch: 1, commitLsn: 1, entries: [] },
    })
    bytes.writeUInt32LE(0xffff_ffff, bytes.length - 4)
    expect(outcome(bytes)).toBe('GOETHE_CORRUPT')
  })
})

describe('the entries of an append', () => {
  const header = { type: 'append', previousLsn: 4, previousEpoch: 1, commitLsn: 3 } as const
  const operations = Buffer.alloc(100_000, 7)

  test('go out without a copy of their operations', () => {
    const parts = encodeAppend(example, header, [{ lsn: 5, epoch: 2, operations }])
    expect(parts[1]).toBe(operations)
  })

  test('come in as views of the message', () => {
    const bytes = Buffer.concat(encodeAppend(example, header, [{ lsn: 5, epoch: 2, operations }]))
    const { body } = decodePeerMessage(bytes) as PeerMessage & { body: { entries: JournalEntry[] } }
    expect((body.entries[0]!.payload as Buffer).buffer).toBe(bytes.buffer)
  })

  test('must follow each other', () => {
    expect(() => encodeAppend(example, header, [{ lsn: 6, epoch: 2, operations }])).toThrow(
      /entry 6 of an append follows/,
    )
  })

  test('that came from a proposal must have operations', () => {
    const entries = [{ lsn: 5, epoch: 1, payload: new Uint8Array(), bytes: 0 }]
    expect(() => encodePeerMessage({ ...example, body: { ...header, entries } })).toThrow(
      /the mark of an epoch/,
    )
  })
})
