/** Append, AppendStream and AppendAll. */
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js'
import { GoetheError, type GoetheErrorCode, type Receipt } from '@goethe/core'
import type { AppendPart } from '@goethe/core/contract'
import {
  type AppendOutcome,
  type StreamedAppend,
  type StreamedReceipt,
  create,
  expectationFromMessage,
  goetheError,
  messages,
  receiptToMessage,
} from '@goethe/protocol'
import type { Admission, Release } from '../admission.js'
import type { ServedLog } from '../served-log.js'
import type { Call } from './grpc-call.js'
import { type StreamCall, write } from './grpc-stream.js'
import { incoming } from './incoming.js'

type AppendStream = ServerDuplexStream<readonly StreamedAppend[], readonly AppendOutcome[]>

/** What appends need of a call. */
type AppendCall = Pick<Call, 'log' | 'signal'> & {
  readonly context: { readonly admission: Pick<Admission, 'bytes'> }
}

export async function append(
  { log, context, signal }: AppendCall,
  part: AppendPart,
): Promise<Receipt> {
  const release = context.admission.bytes(bytesOf(part))
  try {
    return await appendPart(log, part, signal)
  } finally {
    release()
  }
}

export async function appendAll(
  { log, context, signal }: AppendCall,
  { entries }: messages.AppendAllRequest,
): Promise<messages.AppendAllResponse> {
  const parts = entries.map(({ topic, payloads, expect, producer, time }) => ({
    topic,
    payloads,
    expect: expectationFromMessage(expect),
    producer: producer && { id: producer.id, sequence: Number(producer.sequence) },
    time,
  }))
  const release = context.admission.bytes(parts.reduce((sum, part) => sum + bytesOf(part), 0))
  try {
    const receipts = await log.appendAll(parts, { signal })
    return create(messages.AppendAllResponseSchema, { receipts: receipts.map(receiptToMessage) })
  } finally {
    release()
  }
}

/**
 * Appends as they come, many under way at a time; answers in their order. While too many bytes are
 * under way, no more is read from the connection.
 *
 * An error that passes ends the stream: what comes behind such an append is not taken, so that the
 * caller can repeat all of it in its order.
 */
export async function appendStream(call: StreamCall, stream: AppendStream): Promise<void> {
  const { context, signal } = call
  // Whoever sends a stream of them goes to the leader: that costs less than passing all of it on.
  const log = context.logFor(call.identity, { forward: false })
  const refusing = new AbortController()
  const answers = new Answers(stream, signal, (error) => {
    refusing.abort(error)
  })
  const { messageBytesMax, inFlightBytesPerConnection: max } = context.config.limits
  const limits = new Metadata()
  limits.set('goethe-message-bytes-max', String(messageBytesMax))
  stream.sendMetadata(limits)
  let bytes = 0
  let wake: () => void = () => undefined
  const ending = AbortSignal.any([signal, refusing.signal])
  ending.addEventListener('abort', () => wake(), { once: true })
  try {
    for await (const parts of incoming<readonly StreamedAppend[]>(stream, ending)) {
      const size = parts.reduce((sum, part) => sum + bytesOf(part), 0)
      let release: Release
      try {
        release = context.admission.bytes(size)
      } catch (error) {
        for (const _ of parts) void answers.add(Promise.reject(error as Error))
        refusing.abort(error)
        continue
      }
      bytes += size
      const settled = parts.map((part) => answers.add(appendPart(log, part)))
      void Promise.all(settled).then(() => {
        release()
        bytes -= size
        wake()
      })
      while (bytes > max && !ending.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    // What was begun is answered, also while the server stops.
    await answers.all()
  }
}

/** Results in the order of their requests, as many in one message as there are at that moment. */
class Answers {
  readonly #stream: AppendStream
  readonly #signal: AbortSignal
  readonly #onPassing: (error: GoetheError) => void
  readonly #waiting: { outcome: AppendOutcome | undefined }[] = []
  #sending = false
  #onEmpty: (() => void) | undefined

  /** `onPassing` is called when an append has failed in a way that passes. */
  constructor(stream: AppendStream, signal: AbortSignal, onPassing: (error: GoetheError) => void) {
    this.#stream = stream
    this.#signal = signal
    this.#onPassing = onPassing
  }

  /** Resolves when the append has ended, however that was. */
  add(receipt: Promise<AppendOutcome>): Promise<void> {
    const slot: { outcome: AppendOutcome | undefined } = { outcome: undefined }
    this.#waiting.push(slot)
    const settle = (outcome: AppendOutcome): void => {
      slot.outcome = outcome
      if (this.#waiting[0] === slot && !this.#sending) void this.#send()
    }
    return receipt.then(settle, (error: unknown) => {
      const known = goetheError(error)
      if (passing.has(known.code)) this.#onPassing(known)
      settle(known)
    })
  }

  /** Resolves when everything was answered, or nobody is there to be answered. */
  async all(): Promise<void> {
    if (this.#waiting.length === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  async #send(): Promise<void> {
    this.#sending = true
    try {
      // What a commit settles is settled in one turn: all of it goes into one message.
      await Promise.resolve()
      for (;;) {
        let count = 0
        while (count < this.#waiting.length && this.#waiting[count]!.outcome !== undefined) count++
        if (count === 0) return
        const outcomes = this.#waiting.splice(0, count).map(({ outcome }) => outcome!)
        await write(this.#stream, outcomes, this.#signal)
      }
    } catch {
      // Nobody is there any more to be answered.
      this.#waiting.length = 0
    } finally {
      this.#sending = false
      if (this.#waiting.length === 0) this.#onEmpty?.()
    }
  }
}

/** Errors after which the same append may succeed a little later. */
const passing: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CANCELLED',
  'GOETHE_CLOSED',
  'GOETHE_LIMIT',
  'GOETHE_NOT_LEADER',
  'GOETHE_OUTCOME_UNKNOWN',
  'GOETHE_UNAVAILABLE',
  'GOETHE_WRITE_FAILED',
])

/** `log.append` with what a message says; wrong arguments reject as all else. */
async function appendPart(
  log: ServedLog,
  part: StreamedAppend,
  signal?: AbortSignal,
): Promise<StreamedReceipt> {
  const { topic, payloads, expect, producer, time, also } = part
  if (also !== undefined) {
    const first = { topic, payloads, expect, producer, time }
    const [receipt, ...others] = await log.appendAll([first, ...also])
    return { ...receipt!, also: others }
  }
  if (signal !== undefined) return log.append(topic, payloads, { expect, producer, time, signal })
  if (expect === undefined && producer === undefined && time === undefined) {
    return log.append(topic, payloads)
  }
  return log.append(topic, payloads, { expect, producer, time })
}

/** What an append counts for while it is under way. */
function bytesOf({ payloads, also }: Pick<StreamedAppend, 'payloads' | 'also'>): number {
  let bytes = payloads.length * payloadOverheadBytes
  for (const { length } of payloads) bytes += length
  for (const part of also ?? []) bytes += bytesOf(part)
  return bytes
}

/** So that empty payloads are bounded too. */
const payloadOverheadBytes = 64

/** Refuses what cannot be a message of ours. */
export function notEmpty<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', `${what} is missing`)
}
