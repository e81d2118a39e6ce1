/**
 * Sends the appends of a client, through one stream after the other. When a stream breaks, what was
 * not answered is sent again through the next one, with the same producer sequences.
 */
import type { Client as GrpcClient } from '@grpc/grpc-js'
import type { AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import {
  type AppendOutcome,
  type StreamedAppend,
  type StreamedReceipt,
  appendRequestSize,
  eventLogMethods,
} from '@goethe/protocol'
import {
  answerLost,
  harmless,
  isOfOneEvent,
  neverSent,
  noAnswerInTime,
  refusedAllTheTime,
  tooLarge,
} from './append-errors.js'
import type { Group, Member } from './append-group.js'
import { groupBytesMax } from './append-lane.js'
import { AppendQueue } from './append-queue.js'
import { type AppendCall, AppendStream, type StreamEnd } from './append-stream.js'
import { AppendsUnderWay } from './appends-under-way.js'
import { backoffMs, retryDelayMs } from './backoff.js'
import { openDuplex } from './calls.js'
import type { Connection } from './connection.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'
import { deadlineOf, pause } from './waiting.js'

/** Bytes of one message, beyond a single large append. */
const messageBytesMax = 1024 * 1024

/** What a payload costs beyond its bytes, so that empty ones are bounded too. */
const payloadOverheadBytes = 64

/** How often what has waited too long is looked for. */
const expiryMs = 250

export class AppendSender {
  readonly #connection: Connection
  readonly #idempotent: boolean
  readonly #queue: AppendQueue
  readonly #underWay = new AppendsUnderWay()
  #lastStream: AppendStream | undefined
  #running: Promise<void> | undefined
  #scheduled = false
  #stopExpiry: (() => void) | undefined
  #onIdle: (() => void) | undefined
  readonly #run = (): void => {
    this.#scheduled = false
    this.#pump()
  }
  readonly #drop = (group: Group): void => {
    this.#queue.settle(group, 'unknown')
  }

  /** `producer` names this client; undefined: nothing is sent again. */
  constructor(connection: Connection, producer: string | undefined) {
    this.#connection = connection
    this.#idempotent = producer !== undefined
    this.#queue = new AppendQueue(producer)
    connection.gate.onOpen(() => {
      this.#schedule()
    })
  }

  append(part: StreamedAppend, signal?: AbortSignalLike): Promise<StreamedReceipt> {
    if (signal?.aborted === true) return Promise.reject(abortedError(signal))
    return new Promise((resolve, reject) => {
      const member: Member = {
        count: part.payloads.length,
        ownProducer: part.producer !== undefined,
        group: undefined,
        resolve,
        reject,
      }
      this.#queue.add(part, member, bytesOf(part), deadlineOf(this.#connection))
      if (signal !== undefined) this.#watch(signal, member)
      this.#schedule()
    })
  }

  /** Through which may be sent. */
  get #stream(): AppendStream | undefined {
    return this.#lastStream?.usable === true ? this.#lastStream : undefined
  }

  /** Waits for the callers that wait, and ends the stream. */
  async close(): Promise<void> {
    if (this.#queue.callers > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    this.#stopExpiry?.()
    const stream = this.#stream
    if (stream === undefined) return
    if (this.#underWay.length > 0) stream.cancel()
    const stop = stream.end()
    await this.#running
    stop()
  }

  /** Rejects everything that waits. */
  fail(error: GoetheError): void {
    this.#underWay.fail(error)
    this.#queue.fail(error)
    this.#noteIdle()
  }

  #noteIdle(): void {
    if (this.#queue.callers === 0) this.#onIdle?.()
  }

  /** An append can be taken back until it was sent, and again while there is no connection. */
  #watch(signal: AbortSignalLike, member: Member): void {
    const { resolve, reject } = member
    const onAbort = (): void => {
      const { group } = member
      if (group === undefined || (group.sends > 0 && this.#stream !== undefined)) return
      group.leave(member, abortedError(signal))
      this.#noteIdle()
    }
    const stopListening = this.#connection.onEnd(signal, onAbort)
    member.resolve = (receipt) => {
      stopListening()
      resolve(receipt)
    }
    member.reject = (error) => {
      stopListening()
      reject(error)
    }
  }

  /** What is called in one turn goes together; while an answer is awaited, that of a whole turn. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#underWay.length === 0) queueMicrotask(this.#run)
    else setImmediate(this.#run)
  }

  #pump(): void {
    this.#watchExpiry()
    const stream = this.#stream
    if (stream === undefined) {
      if (this.#queue.callers > 0) this.#running ??= this.#keepStream()
      return
    }
    if (stream.bytesMax === 0 || this.#connection.gate.closed) return
    const max = Math.min(messageBytesMax, stream.bytesMax)
    let parts: StreamedAppend[] = []
    let bytes = 0
    for (;;) {
      const group = this.#next(stream.bytesMax)
      if (group === undefined) break
      if (bytes + group.bytes > max && parts.length > 0) {
        stream.write(parts)
        parts = []
        bytes = 0
      }
      group.sends++
      parts.push(group.part)
      bytes += group.bytes
    }
    if (parts.length > 0) stream.write(parts)
    this.#noteIdle()
  }

  /** What is to be sent next: first that which went through another stream, then what is new. */
  #next(bytesMax: number): Group | undefined {
    const repeated = this.#underWay.repeat(this.#drop)
    if (repeated !== undefined) return repeated
    const { inFlightBytesMax } = this.#connection.options
    while (this.#underWay.bytes < inFlightBytesMax) {
      const group = this.#queue.take()
      if (group === undefined) return undefined
      if (isTooLarge(group, bytesMax)) {
        this.#queue.settle(group, 'refused')
        if (group.size > 1) this.#queue.split(group)
        else group.reject(tooLarge(group, bytesMax))
        continue
      }
      this.#underWay.add(group)
      return group
    }
    return undefined
  }

  /** Keeps a stream open while anybody waits, one after the other. */
  async #keepStream(): Promise<void> {
    const connection = this.#connection
    let failures = 0
    try {
      while (this.#queue.callers > 0) {
        try {
          const deadline = this.#deadline
          const client = await connection.acquire(deadline)
          const metadata = await connection.metadata(deadline)
          const call = openDuplex(client, eventLogMethods.appendStream, metadata)
          const { answered, error } = await this.#use(call, client)
          if (answered) failures = 0
          if (answered && error?.details.retryDelayMs === undefined) continue
          const { random } = connection.options
          const delayMs =
            error === undefined
              ? backoffMs(failures++, random)
              : retryDelayMs(error, failures++, random)
          if (this.#queue.callers > 0) await pause(connection, delayMs)
        } catch (failure) {
          this.#onFailure(errorOf(failure))
        }
      }
    } finally {
      this.#running = undefined
    }
  }

  /** Sends through a stream until it ends. */
  async #use(call: AppendCall, client: GrpcClient): Promise<StreamEnd> {
    this.#underWay.streamLost()
    const stream = new AppendStream(call, this.#connection.options, {
      onReady: (bytesMax) => {
        this.#queue.groupBytesMax = Math.min(groupBytesMax, bytesMax / 2)
        this.#schedule()
      },
      onOutcomes: (outcomes) => this.#onOutcomes(outcomes),
      isIdle: () => this.#queue.callers === 0 && this.#underWay.length === 0,
    })
    this.#lastStream = stream
    const { answered, error } = await stream.ended
    // A server that has closed the stream in peace is about to stop.
    if (error !== undefined) {
      if (isDisconnect(error)) this.#connection.failed(client, error)
      if (!isPassing(error)) {
        this.fail(error)
        return { answered, error: undefined }
      }
    }
    // Without a producer, what was sent and not answered has an unknown outcome.
    if (!this.#idempotent) this.#underWay.reject(answerLost(error))
    this.#dropForsaken()
    return { answered, error }
  }

  /** Gives the error behind which the server takes nothing more, if there is one among the answers. */
  #onOutcomes(outcomes: readonly AppendOutcome[]): GoetheError | undefined {
    let last: GoetheError | undefined
    for (const [index, outcome] of outcomes.entries()) {
      const group = this.#underWay.first
      if (group === undefined) break
      const error = 'code' in outcome ? outcome : undefined
      // In order: it and all behind it are sent once more, through another stream.
      if (error !== undefined && isPassing(error) && this.#idempotent) {
        this.#underWay.refused(outcomes.slice(index))
        return error
      }
      this.#underWay.shift()
      if (error !== undefined && isPassing(error)) last = error
      if (error === undefined) {
        this.#queue.settle(group, 'appended')
        group.resolve(outcome as StreamedReceipt)
      } else {
        this.#queue.settle(group, harmless.has(error.code) ? 'refused' : 'unknown')
        if (group.size > 1 && isOfOneEvent(error)) this.#queue.split(group)
        else group.reject(error)
      }
    }
    if (this.#queue.ready) this.#schedule()
    this.#noteIdle()
    // Those who do not repeat were told; what comes next goes through the next stream.
    return last
  }

  #onFailure(error: GoetheError): void {
    if (this.#connection.closed) this.fail(closedError())
    else if (!isPassing(error) || !this.#connection.everConnected) this.fail(error)
    else this.#expire(error)
  }

  /** Nobody waits any more for the answers to these, and they will not come. */
  #dropForsaken(): void {
    this.#underWay.dropForsaken(this.#drop)
    this.#noteIdle()
  }

  #watchExpiry(): void {
    if (this.#stopExpiry !== undefined || this.#queue.callers === 0) return
    this.#stopExpiry = this.#connection.options.clock.setTimer(
      () => {
        this.#stopExpiry = undefined
        this.#expire()
        this.#watchExpiry()
      },
      expiryMs,
      'background',
    )
  }

  /** Rejects what has waited too long. */
  #expire(cause?: GoetheError): void {
    const { nowMs, deadlineMs } = this.#connection.options
    const now = nowMs()
    for (const group of this.#underWay) {
      if (group.deadline > now || group.waiting === 0) continue
      group.reject(tooLate(group, cause))
    }
    this.#queue.expire(now, () => neverSent(cause))
    const stream = this.#stream
    if (stream === undefined) this.#dropForsaken()
    // Who says nothing for so long, though asked, is not there: another connection may do better.
    else if (this.#isAsked(stream) && now - stream.answeredAt >= deadlineMs) stream.cancel()
    this.#noteIdle()
  }

  /** True when the server should have said something: how large messages may be, or an answer. */
  #isAsked({ bytesMax }: AppendStream): boolean {
    return bytesMax === 0 || this.#underWay.first?.waiting === 0
  }

  /** The deadline that comes first; some time from now where nobody waits. */
  get #deadline(): number {
    return Math.min(this.#queue.deadline, this.#underWay.deadline, deadlineOf(this.#connection))
  }
}

/** What becomes of an append whose time is over. */
function tooLate({ sends, refusal }: Group, cause: GoetheError | undefined): GoetheError {
  if (sends > 0) return noAnswerInTime(cause ?? refusal)
  return refusal === undefined ? neverSent(cause) : refusedAllTheTime(refusal)
}

function bytesOf({ payloads, also }: StreamedAppend): number {
  let bytes = payloads.length * payloadOverheadBytes
  for (const { length } of payloads) bytes += length
  if (also === undefined) return bytes
  for (const part of also) bytes += bytesOf(part) + 3 * part.topic.length + payloadOverheadBytes
  return bytes
}

/** By what it is estimated to have, and only where that is close, by its size. */
function isTooLarge({ bytes, part }: Group, max: number): boolean {
  return bytes > max && appendRequestSize(part) > max
}
