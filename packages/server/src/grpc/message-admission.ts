/**
 * Messages of gRPC on their way in. grpc-js gathers a message before anybody is asked who sent it,
 * as many as there are streams, and each as large as `limits.messageBytesMax`. So its chunks come
 * by here first: what is gathered, or will be unpacked, counts as under way, and more than a little
 * of it is only taken from callers who are known.
 *
 * It also answers in the words of the log where grpc-js would call a wrong request a defect.
 */
import type {
  Metadata,
  ServerInterceptingCall,
  ServerInterceptor,
  StatusObject,
} from '@grpc/grpc-js'
import { status as grpcStatus } from '@grpc/grpc-js'
import type { ServerHttp2Stream } from 'node:http2'
import { GoetheError } from '@goethe/core'
import { goetheError } from '@goethe/protocol'
import type { ServerContext } from '../server-context.js'
import { type SurfaceCall, callerOf, serviceError } from './grpc-call.js'

/** So much is gathered for anybody: health checks, say, which may come in two pieces. */
const unknownBytesMax = 16 * 1024

/** Deflate makes no more of a byte than this. */
const inflationMax = 1032

/** A byte that says whether it is compressed, and four for the length. */
const headLength = 5

/** What is used of a call of grpc-js; the first three it keeps to itself, and tests hold it to them. */
interface IncomingCall extends Pick<SurfaceCall, 'getPeer' | 'getAuthContext'> {
  readonly stream: ServerHttp2Stream
  readonly metadata: Metadata
  handleDataFrame(chunk: Buffer): void
  sendStatus(status: Partial<StatusObject>): void
}

/** Goes before all services. */
export function messageAdmission(context: ServerContext): ServerInterceptor {
  return (_method, next) => {
    const call = next as unknown as IncomingCall
    const { sendStatus, handleDataFrame } = call
    call.sendStatus = (status) => {
      sendStatus.call(call, clearStatus(status, context))
    }
    let gate: MessageGate | undefined
    call.handleDataFrame = (chunk) => {
      if (gate === undefined && isOneMessage(chunk)) handleDataFrame.call(call, chunk)
      else {
        gate ??= new MessageGate(context, call, (data) => handleDataFrame.call(call, data))
        gate.take(chunk)
      }
    }
    return next as unknown as ServerInterceptingCall
  }
}

/** Nearly all are whole and not compressed. */
function isOneMessage(chunk: Buffer): boolean {
  return (
    chunk.length >= headLength &&
    chunk[0] === 0 &&
    chunk.readUInt32BE(1) === chunk.length - headLength
  )
}

/** The chunks of a call whose messages come in pieces, or compressed. */
class MessageGate {
  readonly #context: ServerContext
  readonly #call: IncomingCall
  readonly #deliver: (chunk: Buffer) => void
  #known = false
  #refused = false
  /** Counted as under way. */
  #held = 0
  /** Of the message that has begun: its first bytes, and how many are to come. */
  readonly #head = Buffer.alloc(headLength)
  #headCount = 0
  #missing = 0

  constructor(context: ServerContext, call: IncomingCall, deliver: (chunk: Buffer) => void) {
    this.#context = context
    this.#call = call
    this.#deliver = deliver
    // Before grpc-js hears of it, which would take what came before for all.
    call.stream.prependListener('end', () => {
      if (this.#headCount > 0) this.#refuse(invalid('The message ends before it is complete'))
    })
    call.stream.once('close', () => {
      this.#hold(0)
    })
  }

  take(chunk: Buffer): void {
    if (this.#refused) return
    const held = this.#heldAfter(chunk)
    try {
      this.#hold(held)
    } catch (error) {
      this.#refuse(error)
      return
    }
    if (held <= unknownBytesMax || this.#known) this.#deliver(chunk)
    else this.#deliverWhenKnown(chunk)
  }

  /**
   * What is gathered once grpc-js has this chunk. It gets no other before what is complete by then
   * has been handed on.
   */
  #heldAfter(chunk: Buffer): number {
    const { messageBytesMax } = this.#context.config.limits
    const head = this.#head
    let unpacked = 0
    let offset = 0
    while (offset < chunk.length) {
      if (this.#headCount < headLength) {
        head[this.#headCount++] = chunk[offset++]!
        if (this.#headCount < headLength) continue
        this.#missing = head.readUInt32BE(1)
      } else {
        const taken = Math.min(this.#missing, chunk.length - offset)
        this.#missing -= taken
        offset += taken
      }
      if (this.#missing > 0) continue
      const size = head.readUInt32BE(1)
      if (head[0] !== 0) unpacked += size + Math.min(size * inflationMax, messageBytesMax)
      this.#headCount = 0
    }
    const gathered = this.#headCount < headLength ? 0 : head.readUInt32BE(1) - this.#missing
    return gathered + unpacked
  }

  #hold(bytes: number): void {
    if (bytes === this.#held) return
    this.#context.admission.resize(this.#held, bytes)
    this.#held = bytes
  }

  #deliverWhenKnown(chunk: Buffer): void {
    const { stream } = this.#call
    stream.pause()
    callerOf(this.#context, this.#call).then(
      () => {
        this.#known = true
        // In this order: grpc-js may want it to wait.
        stream.resume()
        this.#deliver(chunk)
      },
      (error: unknown) => {
        this.#refuse(error)
      },
    )
  }

  #refuse(error: unknown): void {
    this.#refused = true
    this.#hold(0)
    this.#call.sendStatus(serviceError(goetheError(error)) as Partial<StatusObject>)
  }
}

/** What grpc-js says of requests that it cannot read, as an answer to whoever has sent them. */
function clearStatus(
  status: Partial<StatusObject>,
  { config }: ServerContext,
): Partial<StatusObject> {
  const { code, details = '' } = status
  const reason = code === grpcStatus.OK ? undefined : unreadable(details)
  if (reason !== undefined) return serviceError(invalid(reason)) as StatusObject
  if (code === grpcStatus.RESOURCE_EXHAUSTED && details.startsWith('Received message ')) {
    return serviceError(
      new GoetheError(
        'GOETHE_EVENT_TOO_LARGE',
        `The message has more than ${config.limits.messageBytesMax} bytes (limits.messageBytesMax)`,
      ),
    ) as StatusObject
  }
  return status
}

function unreadable(details: string): string | undefined {
  if (details.startsWith('Error deserializing request')) {
    return 'The message is not one of this method: it cannot be decoded'
  }
  if (details.startsWith('Failed to decompress')) {
    return "The message is not compressed as 'grpc-encoding' says"
  }
  if (/^Received (no request|a second request) message/.test(details)) {
    return 'The method takes one message'
  }
  return details.startsWith('Invalid grpc-timeout') ? details : undefined
}

function invalid(message: string): GoetheError {
  return new GoetheError('GOETHE_INVALID_ARGUMENT', message)
}
