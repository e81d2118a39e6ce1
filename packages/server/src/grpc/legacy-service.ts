/**
 * The service of the original Goethe, so that its clients keep working: `Produce` appends one event,
 * and `Consume` is a conversation. The client sends a cursor and gets it back with the next event in
 * it; sending that again commits the event and asks for the one after. At the end of the topic the
 * stream ends with RESOURCE_EXHAUSTED, upon which these clients open another one, again and again.
 */
import {
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { GoetheError, type LogEvent } from '@goethe/core'
import { create, legacyMethods, messages } from '@goethe/protocol'
import type { ServerContext } from '../server-context.js'
import { append } from './append-service.js'
import { type Call, CallRecord, answer, beginUnaryCall } from './grpc-call.js'
import { type StreamCall, serveStream, write } from './grpc-stream.js'
import { incoming } from './incoming.js'
import { LegacyConsumption } from './legacy-consumption.js'
import { methodDefinition } from './method-definition.js'

type CursorStream = ServerDuplexStream<messages.LegacyCursor, messages.LegacyCursor>

/** The service as grpc-js wants it. */
export function legacyService(context: ServerContext): {
  definition: ServiceDefinition
  implementation: UntypedServiceImplementation
} {
  return {
    definition: {
      produce: methodDefinition(legacyMethods.produce),
      consume: methodDefinition(legacyMethods.consume),
    } as ServiceDefinition,
    implementation: {
      produce: (
        call: ServerUnaryCall<messages.LegacyEvent, messages.LegacyEvent>,
        callback: sendUnaryData<messages.LegacyEvent>,
      ) => {
        const record = new CallRecord(context, 'LegacyProduce', 'request', call.metadata)
        const work = async () => produce(await beginUnaryCall(context, call), call.request)
        answer(record, work, callback)
      },
      consume: (stream: CursorStream) => {
        serveStream(context, 'LegacyConsume', stream, (call) => consume(call, stream))
      },
    },
  }
}

/** Appends an event. An id that comes with it means nothing: the log gives its own. */
async function produce(
  call: Call,
  { topic, payload }: messages.LegacyEvent,
): Promise<messages.LegacyEvent> {
  const name = given(topic?.id, 'topic.id')
  if (payload.length === 0) throw missing('payload')
  const { firstId } = await append(call, {
    topic: name,
    payloads: [payload],
    expect: undefined,
    producer: undefined,
    time: undefined,
  })
  return create(messages.LegacyEventSchema, { id: String(firstId), topic: { id: name }, payload })
}

async function consume({ log, signal }: StreamCall, stream: CursorStream): Promise<void> {
  let consumption: LegacyConsumption | undefined
  let names: { topic: string; consumer: string } | undefined
  try {
    for await (const cursor of incoming<messages.LegacyCursor>(stream, signal)) {
      const { topic, consumer } = namesOf(cursor)
      const id = idOf(cursor.currentEvent?.id)
      if (names === undefined || consumption === undefined) {
        names = { topic, consumer }
        consumption = new LegacyConsumption(log, names, id, signal)
      } else {
        if (topic !== names.topic || consumer !== names.consumer) {
          throw invalid('One stream is for one consumer of one topic; open another one')
        }
        if (id === undefined) throw missing('current_event.id')
        await consumption.commit(id)
      }
      const event = await consumption.next()
      if (event === undefined) {
        endOfTopic(stream, topic)
        return
      }
      await write(stream, cursorAt(event, consumer), signal)
    }
  } finally {
    await consumption?.close()
  }
}

/** No failure, although the original's clients are told so by a status that says it is one. */
function endOfTopic(stream: CursorStream, topic: string): void {
  const details = `There are no more events in topic '${topic}'`
  stream.emit(
    'error',
    Object.assign(new Error(details), { code: status.RESOURCE_EXHAUSTED, details }),
  )
}

function cursorAt({ id, topic, payload }: LogEvent, consumer: string): messages.LegacyCursor {
  return create(messages.LegacyCursorSchema, {
    topic: { id: topic },
    consumer,
    currentEvent: { id: String(id), topic: { id: topic }, payload },
  })
}

function namesOf({ topic, consumer }: messages.LegacyCursor): { topic: string; consumer: string } {
  return { topic: given(topic?.id, 'topic.id'), consumer: given(consumer, 'consumer') }
}

function given(text: string | undefined, field: string): string {
  if (text === undefined || text === '') throw missing(field)
  return text
}

/** Undefined for an empty id, which these clients send where they have none. */
function idOf(text: string | undefined): bigint | undefined {
  if (text === undefined || text === '') return undefined
  const id = /^\d{1,20}$/.test(text) ? BigInt(text) : idsEnd
  if (id < idsEnd) return id
  throw invalid(`current_event.id is UNIX nanoseconds in decimal; got ${JSON.stringify(text)}`)
}

/** Above every id. */
const idsEnd = 2n ** 64n - 1n

function missing(field: string): GoetheError {
  return invalid(`${field} must not be empty`)
}

function invalid(message: string): GoetheError {
  return new GoetheError('GOETHE_INVALID_ARGUMENT', message)
}
