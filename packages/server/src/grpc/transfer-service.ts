/** Verify, Export, Import and Status. */
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js'
import type { TransferProgress } from '@goethe/core'
import {
  create,
  durabilityToMessage,
  messages,
  progressToMessage,
  verifyToMessage,
} from '@goethe/protocol'
import { storeReason } from '../store-reason.js'
import { version } from '../version.js'
import type { Call } from './grpc-call.js'
import { type StreamCall, write } from './grpc-stream.js'
import { incoming } from './incoming.js'

export async function verify(
  { log, signal }: StreamCall,
  stream: ServerWritableStream<messages.VerifyRequest, messages.VerifyResponse>,
): Promise<void> {
  for await (const step of log.verify({ signal })) {
    await write(stream, verifyToMessage(step), signal)
  }
}

export async function exportLog(
  { log, signal }: StreamCall,
  stream: ServerWritableStream<messages.ExportRequest, messages.ExportResponse>,
): Promise<void> {
  const send = (fields: { chunk?: Uint8Array; progress?: TransferProgress; logId?: string }) => {
    const { progress, ...rest } = fields
    return write(
      stream,
      create(messages.ExportResponseSchema, {
        ...rest,
        ...(progress !== undefined && { progress: progressToMessage(progress) }),
      }),
      signal,
    )
  }
  let progress: TransferProgress | undefined
  const result = await log.exportTo(
    (chunk: Uint8Array) => send({ chunk, ...(progress && { progress }) }),
    {
      after: stream.request.after,
      signal,
      onProgress: (reached) => {
        progress = reached
      },
    },
  )
  await send({ progress: result, logId: result.logId })
}

export async function importLog(
  { log, signal }: StreamCall,
  stream: ServerDuplexStream<messages.ImportRequest, messages.ImportResponse>,
): Promise<void> {
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { chunk } of incoming<messages.ImportRequest>(stream, signal)) yield chunk
  }
  const result = await log.importFrom(chunks(), {
    signal,
    onProgress: (progress) => {
      // Progress that nobody takes is not worth waiting for.
      if (stream.writableNeedDrain) return
      stream.write(create(messages.ImportResponseSchema, { progress: progressToMessage(progress) }))
    },
  })
  const last = { progress: progressToMessage(result), logId: result.logId }
  await write(stream, create(messages.ImportResponseSchema, last), signal)
}

export async function status({ log, context, identity }: Call): Promise<messages.StatusResponse> {
  const { id, lastId, durability, indexIntervalMs, writable } = log.status()
  const state = context.storeState()
  return create(messages.StatusResponseSchema, {
    logId: id,
    version,
    lastId,
    durability: durabilityToMessage(durability),
    indexIntervalMs: BigInt(indexIntervalMs),
    writable: writable && state.type === 'open',
    reason: storeReason(state, identity) ?? '',
    now: context.clock.now(),
    eventBytesMax: BigInt(context.config.eventBytesMax),
    messageBytesMax: BigInt(context.config.limits.messageBytesMax),
  })
}
