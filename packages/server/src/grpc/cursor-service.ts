/** The calls about cursors. */
import {
  consistencyFromMessage,
  create,
  cursorPositionToMessage,
  cursorToMessage,
  messages,
  positionFromMessage,
} from '@goethe/protocol'
import type { Position } from '@goethe/core'
import { notEmpty } from './append-service.js'
import type { Call } from './grpc-call.js'

export async function openCursor(
  { log }: Pick<Call, 'log'>,
  { topic, consumer, from, hold }: messages.OpenCursorRequest,
): Promise<messages.OpenCursorResponse> {
  const cursor = log.cursor(topic, consumer, { hold })
  const { id, sequence } = await cursor.begin(positionFromMessage(from))
  return create(messages.OpenCursorResponseSchema, {
    session: BigInt(cursor.session ?? 0),
    id,
    sequence: BigInt(sequence),
  })
}

export async function getCursor(
  { log }: Pick<Call, 'log'>,
  { topic, consumer, consistency }: messages.GetCursorRequest,
): Promise<messages.GetCursorResponse> {
  const cursor = log.cursor(topic, consumer)
  if (consistencyFromMessage(consistency) === 'linearizable') await log.confirm()
  const [position, lag] = [await cursor.position(), await cursor.lag()]
  return create(messages.GetCursorResponseSchema, {
    lag: BigInt(lag),
    ...(position !== undefined && { position: cursorPositionToMessage(position) }),
  })
}

export async function commitCursor(
  { log }: Pick<Call, 'log'>,
  { topic, consumer, id, sequence, session, hold }: messages.CommitCursorRequest,
): Promise<messages.CommitCursorResponse> {
  const cursor = log.cursor(topic, consumer, {
    hold,
    session: session === undefined ? undefined : Number(session),
  })
  await cursor.commit({ id, sequence: Number(sequence) })
  return create(messages.CommitCursorResponseSchema, { session: BigInt(cursor.session ?? 0) })
}

export async function seekCursor(
  { log }: Pick<Call, 'log'>,
  { topic, consumer, position, hold }: messages.SeekCursorRequest,
): Promise<messages.SeekCursorResponse> {
  const cursor = log.cursor(topic, consumer, { hold })
  const at = notEmpty(positionFromMessage(position), 'The position')
  await cursor.seek(at as Exclude<Position, { cursor: string }>)
  return create(messages.SeekCursorResponseSchema, { session: BigInt(cursor.session ?? 0) })
}

export async function deleteCursor(
  { log }: Pick<Call, 'log'>,
  { topic, consumer }: messages.DeleteCursorRequest,
): Promise<messages.DeleteCursorResponse> {
  await log.cursor(topic, consumer).delete()
  return create(messages.DeleteCursorResponseSchema)
}

export async function listCursors(
  { log }: Pick<Call, 'log'>,
  { topic, limit, after }: messages.ListCursorsRequest,
): Promise<messages.ListCursorsResponse> {
  const cursors = await log.cursors({
    ...(topic !== '' && { topic }),
    ...(limit > 0 && { limit }),
    ...(after !== undefined && { after: { topic: after.topic, consumer: after.consumer } }),
  })
  return create(messages.ListCursorsResponseSchema, { cursors: cursors.map(cursorToMessage) })
}
