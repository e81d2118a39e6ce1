/** Read and Seek. */
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js'
import type { Position, ReadOptions } from '@goethe/core'
import { BlockRange } from '@goethe/core/contract'
import {
  create,
  type ReadMessage,
  consistencyFromMessage,
  eventToMessage,
  messages,
  nearestFromMessage,
  positionFromMessage,
  selectorFromMessage,
} from '@goethe/protocol'
import { notEmpty } from './append-service.js'
import type { Call } from './grpc-call.js'
import { type StreamCall, write } from './grpc-stream.js'

/** Blocks of about so many bytes go into one message: fewer cost more, more delay the first. */
const messageBytes = 256 * 1024

/** Sends stored blocks as they are, as fast as the caller takes them. */
export async function read(
  { log, context, signal }: StreamCall,
  stream: ServerWritableStream<messages.ReadRequest, ReadMessage>,
): Promise<void> {
  const { request } = stream
  const topics = notEmpty(selectorFromMessage(request.topics), 'Which topics to read')
  const { follow } = request
  const from = positionFromMessage(request.from)
  let reader = log.read(topics, readOptions(request, from, signal))
  // Whoever follows has begun to, from here on, and is not given up any more.
  if (consistencyFromMessage(request.consistency) === 'linearizable') await log.confirm()
  // "The end" of now must still be known when the caller has to ask again.
  const beganAfter = follow && from === 'end' ? log.status().lastId : undefined
  if (beganAfter !== undefined) {
    reader = log.read(topics, readOptions(request, { after: beganAfter }, signal))
  }
  // Only now: who may not read these topics must not learn how many others do.
  const endTail = follow ? tailOf(context, topics) : undefined
  try {
    // Nothing may come for long: who follows is told that it does.
    if (follow) stream.sendMetadata(new Metadata())
    if (beganAfter !== undefined) await write(stream, { ranges: [], beganAfter }, signal)
    for await (const ranges of reader.blocks()) {
      for (const part of messagesOf(ranges)) {
        context.metrics.read('grpc', eventsIn(part), bytesIn(part))
        await write(stream, { ranges: part, beganAfter: undefined }, signal)
      }
    }
  } finally {
    endTail?.()
  }
}

export async function seek(
  { log }: Call,
  { topic, position, nearest, consistency }: messages.SeekRequest,
): Promise<messages.SeekResponse> {
  const at = notEmpty(positionFromMessage(position), 'The position')
  const event = await log.seek(topic, at, {
    nearest: nearestFromMessage(nearest),
    consistency: consistencyFromMessage(consistency),
  })
  return create(messages.SeekResponseSchema, event && { event: eventToMessage(event) })
}

function tailOf(
  context: StreamCall['context'],
  topics: Parameters<typeof context.admission.tail>[0],
) {
  const release = context.admission.tail(topics)
  const end = context.metrics.tail('grpc')
  return () => {
    release()
    end()
  }
}

function readOptions(
  { to, reverse, limit, follow }: messages.ReadRequest,
  from: Position | undefined,
  signal: AbortSignal,
): ReadOptions {
  return {
    from,
    to,
    reverse,
    follow,
    signal,
    limit: limit === undefined ? undefined : Number(limit),
  }
}

/** Cuts what was read at a time into messages. */
function* messagesOf(ranges: readonly BlockRange[]): Generator<BlockRange[], void, undefined> {
  let part: BlockRange[] = []
  let bytes = 0
  for (const range of ranges) {
    const size = range.block.bytes.length
    if (part.length > 0 && bytes + size > messageBytes) {
      yield part
      part = []
      bytes = 0
    }
    part.push(range)
    bytes += size
  }
  if (part.length > 0) yield part
}

function eventsIn(ranges: readonly BlockRange[]): number {
  return ranges.reduce((sum, { count }) => sum + count, 0)
}

function bytesIn(ranges: readonly BlockRange[]): number {
  return ranges.reduce((sum, { block }) => sum + block.bytes.length, 0)
}
