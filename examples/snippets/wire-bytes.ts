// The bytes that docs/wire.md shows: messages about a small log, as the codecs write them.
import { EventLog, GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { create, eventLogMethods, messages } from '@goethe/protocol'
import { MemoryLevel } from 'memory-level'

type Ranges = Parameters<typeof read.response.encode>[0]['ranges']

const encoder = new TextEncoder()
const { appendStream, read, consume } = eventLogMethods

/** Messages by the names that the page gives them. */
export async function wireBytes(): Promise<Map<string, Uint8Array>> {
  const log = await EventLog.open(new MemoryLevel(), { clock: manualClock() })
  const payloads = ['Faust', 'Egmont', 'Tasso'].map((text) => encoder.encode(text))
  const receipt = await log.append('orders', payloads)
  let ranges: Ranges = []
  for await (const found of log.read('orders', { limit: 2 }).blocks()) ranges = found
  await log.close()
  return new Map([
    ...appendMessages(receipt.firstId),
    ...readMessages(receipt.lastId, ranges),
    ...consumeMessages(receipt.firstId),
  ])
}

function appendMessages(firstId: bigint): [string, Uint8Array][] {
  const conflict = new GoetheError('GOETHE_CONFLICT', 'Not empty', {
    details: { topic: 'account-7', lastId: firstId, lastSequence: 1 },
  })
  return [
    [
      'AppendStreamRequest',
      appendStream.request.encode([
        {
          topic: 'orders',
          payloads: ['Faust', 'Egmont'].map((text) => encoder.encode(text)),
          expect: undefined,
          producer: { id: 'till-3', sequence: 7 },
          time: undefined,
        },
        {
          topic: 'account-7',
          payloads: [encoder.encode('opened')],
          expect: 'empty',
          producer: undefined,
          time: undefined,
        },
      ]),
    ],
    [
      'AppendStreamResponse',
      appendStream.response.encode([
        {
          topic: 'orders',
          firstId,
          lastId: firstId + 1n,
          firstSequence: 1,
          lastSequence: 2,
          count: 2,
          durability: 'fsync',
          repeated: false,
        },
        conflict,
      ]),
    ],
  ]
}

function readMessages(lastId: bigint, ranges: Ranges): [string, Uint8Array][] {
  const topics = { topics: { case: 'topic', value: 'orders' } } as const
  const request = create(messages.ReadRequestSchema, {
    topics,
    from: { at: { case: 'edge', value: messages.Edge.END } },
    follow: true,
  })
  const again = create(messages.ReadRequestSchema, {
    topics,
    from: { at: { case: 'after', value: lastId } },
    follow: true,
  })
  return [
    ['ReadRequest', read.request.encode(request)],
    ['ReadResponse, the first', read.response.encode({ ranges: [], beganAfter: lastId })],
    ['ReadRequest, again', read.request.encode(again)],
    ['ReadResponse', read.response.encode({ ranges, beganAfter: undefined })],
  ]
}

function consumeMessages(id: bigint): [string, Uint8Array][] {
  const instance = '5eb63bbb'
  const nothing = { credit: 0, acks: [], nacks: [], extends: [], releases: [] }
  const named = { topic: 'orders', consumer: 'billing', maxInFlight: 100 }
  const open = create(messages.ConsumeOpenSchema, named)
  const again = create(messages.ConsumeOpenSchema, { ...named, instance, received: 3n })
  const payload = encoder.encode('Faust')
  return [
    ['ConsumeRequest, the first', consume.request.encode({ ...nothing, open, credit: 3 })],
    [
      'ConsumeResponse',
      consume.response.encode({
        instance,
        deliveries: [{ number: 1, id, sequence: 1, attempt: 1, payload }],
        settlements: [],
      }),
    ],
    [
      'ConsumeRequest',
      consume.request.encode({
        ...nothing,
        credit: 2,
        acks: [1, 2],
        nacks: [{ number: 3, delayMs: 1000 }],
      }),
    ],
    [
      'ConsumeResponse, settled',
      consume.response.encode({
        instance: '',
        deliveries: [],
        settlements: [{ numbers: [1, 2], error: undefined }],
      }),
    ],
    [
      'ConsumeRequest, again',
      consume.request.encode({ ...nothing, open: again, credit: 1, acks: [1, 2] }),
    ],
  ]
}
