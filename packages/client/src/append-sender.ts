/**
 * Sends appends through one stream, many in one message and many messages under way; answers come
 * in their order. When the stream breaks, what was not answered is sent again through the next one,
 * with the same producer sequences.
 *
 * Nothing is sent before the server has said how large its messages may be.
 */
import type { ClientDuplexStream, Client as GrpcClient } from '@grpc/grpc-js'
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
  tooLarge,
} from './append-errors.js'
import type { Group, Member } from './append-group.js'
import { groupBytesMax } from './append-lane.js'
import { AppendQueue } from './append-queue.js'
import { backoffMs, retryDelayMs } from './backoff.js'
import { openDuplex } from './calls.js'
import type { Connection } from './connection.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'
import { Fifo } from './fifo.js'
import { deadlineOf, pause } from './waiting.js'

/** What came of a stream. */
interface StreamEnd {
  /** It has answered, and not that all must be sent again. */
  readonly answered: boolean
  readonly error: GoetheError | undefined
}

type Stream = ClientDuplexStream<readonly StreamedAppend[], readonly AppendOutcome[]>

/** Bytes of one message, beyond a single large append. */
const messageBytesMax = 1024 * 1024

/** What a payload costs beyond its bytes, so that empty ones are bounded too. */
const payloadOverheadBytes = 64

/** How often what has waited too long is looked for. */
const expiryMs = 250

/** After so long without an append, at most twice that, the stream ends and the connection is idle. */
const idleMs = 10_000

/** How long a server may take to end the stream when everything was answered. */
const farewellMs = 1000

export class AppendSender {
  readonly #connection: Connection
  readonly #idempotent: boolean
  readonly #queue: AppendQueue
  /** Taken and not answered, in order; those that were given up are still answered. */
  readonly #underWay = new Fifo<Group>()
  /** How many of these went through the present stream; the others go before all else. */
  #sent = 0
  #bytes = 0
  #stream: Stream | undefined
  /** Largest message that the present server takes; 0 until it has said so. */
  #serverBytesMax = 0
  #answeredAt = 0
  #running: Promise<void> | undefined
  #scheduled = false
  #stopExpiry: (() => void) | undefined
  #stopIdling: (() => void) | undefined
  #onIdle: (() => void) | undefined
  readonly #run = (): void => {
    this.#scheduled = false
    this.#pump()
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

  /** Waits for the callers that wait, and ends the stream. */
  async close(): Promise<void> {
    if (this.#queue.callers > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    this.#stopExpiry?.()
    this.#stopIdling?.()
    const stream = this.#stream
    if (stream === undefined) return
    if (this.#underWay.length > 0) stream.cancel()
    const stop = this.#end(stream)
    await this.#running
    stop()
  }

  /** Rejects everything that waits. */
  fail(error: GoetheError): void {
    for (const group of this.#underWay) group.reject(error)
    this.#underWay.filter(() => false)
    this.#sent = 0
    this.#bytes = 0
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
    if (this.#serverBytesMax === 0 || this.#connection.gate.closed) return
    const max = Math.min(messageBytesMax, this.#serverBytesMax)
    let parts: StreamedAppend[] = []
    let bytes = 0
    for (let group = this.#next(); group !== undefined; group = this.#next()) {
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
  #next(): Group | undefined {
    if (this.#sent < this.#underWay.length) return this.#underWay.at(this.#sent++)
    const { inFlightBytesMax } = this.#connection.options
    while (this.#bytes < inFlightBytesMax) {
      const group = this.#queue.take()
      if (group === undefined) return undefined
      if (isTooLarge(group, this.#serverBytesMax)) {
        this.#queue.settle(group, 'refused')
        if (group.size > 1) this.#queue.split(group)
        else group.reject(tooLarge(group, this.#serverBytesMax))
        continue
      }
      this.#underWay.push(group)
      this.#sent++
      this.#bytes += group.bytes
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
          const stream = openDuplex(client, eventLogMethods.appendStream, metadata)
          const { answered, error } = await this.#use(stream, client)
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

  /** Sends through a stream until it ends; tells whether it was good for anything, and how it ended. */
  async #use(stream: Stream, client: GrpcClient): Promise<StreamEnd> {
    let answered = false
    let refusal: GoetheError | undefined
    stream.on('metadata', (metadata) => {
      const [bytes] = metadata.get('goethe-message-bytes-max')
      this.#learn(bytes === undefined ? Infinity : Number(bytes))
    })
    stream.on('data', (outcomes: readonly AppendOutcome[]) => {
      if (refusal !== undefined) return
      answered = true
      refusal = this.#onOutcomes(outcomes)
      if (refusal === undefined) return
      // What is appended from now on goes through the next one.
      if (this.#stream === stream) this.#stream = undefined
      stream.cancel()
    })
    this.#stream = stream
    this.#sent = 0
    this.#serverBytesMax = 0
    this.#answeredAt = this.#connection.options.nowMs()
    this.#watchIdling()
    const ended = await new Promise<GoetheError | undefined>((resolve) => {
      stream.on('error', (failure) => {
        resolve(errorOf(failure))
      })
      stream.on('end', () => {
        resolve(undefined)
      })
    })
    this.#stream = undefined
    const error = refusal ?? ended
    // A server that has closed the stream in peace is about to stop.
    if (error !== undefined) {
      if (isDisconnect(error)) this.#connection.failed(client, error)
      if (!isPassing(error)) {
        this.fail(error)
        return { answered, error: undefined }
      }
    }
    if (!this.#idempotent) this.#giveUpUnderWay(error)
    this.#dropForsaken()
    return { answered: answered && refusal === undefined, error }
  }

  #learn(bytesMax: number): void {
    this.#serverBytesMax = bytesMax
    this.#queue.groupBytesMax = Math.min(groupBytesMax, bytesMax / 2)
    this.#schedule()
  }

  /** Gives the error behind which the server takes nothing more, if there is one among the answers. */
  #onOutcomes(outcomes: readonly AppendOutcome[]): GoetheError | undefined {
    this.#answeredAt = this.#connection.options.nowMs()
    let last: GoetheError | undefined
    for (const outcome of outcomes) {
      const group = this.#underWay.at(0)
      if (group === undefined) break
      const error = 'code' in outcome ? outcome : undefined
      // In order: it and all behind it are sent once more, through another stream.
      if (error !== undefined && isPassing(error) && this.#idempotent) return error
      this.#shift()
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

  #shift(): void {
    const group = this.#underWay.shift()!
    this.#bytes -= group.bytes
    if (this.#sent > 0) this.#sent--
  }

  #onFailure(error: GoetheError): void {
    if (this.#connection.closed) this.fail(closedError())
    else if (!isPassing(error) || !this.#connection.everConnected) this.fail(error)
    else this.#expire(error)
  }

  /** Without a producer, what was sent and not answered has an unknown outcome. */
  #giveUpUnderWay(cause: GoetheError | undefined): void {
    for (const group of this.#underWay) group.reject(answerLost(cause))
  }

  /** Nobody waits any more for the answers to these, and they will not come. */
  #dropForsaken(): void {
    this.#underWay.filter((group) => {
      if (group.waiting > 0) return true
      this.#bytes -= group.bytes
      this.#queue.settle(group, 'unknown')
      return false
    })
    this.#sent = 0
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

  /**
   * Ends a stream that is of no use. Left open, it would keep the process alive, and the server from
   * closing a connection on which nothing happens.
   */
  #watchIdling(): void {
    const stream = this.#stream
    if (this.#stopIdling !== undefined || stream === undefined) return
    const answeredAt = this.#answeredAt
    this.#stopIdling = this.#connection.options.clock.setTimer(
      () => {
        this.#stopIdling = undefined
        const isIdle = this.#queue.callers === 0 && this.#underWay.length === 0
        if (this.#stream === stream && isIdle && this.#answeredAt === answeredAt) {
          // What comes from now on goes through the next one.
          this.#stream = undefined
          this.#end(stream, 'background')
        } else this.#watchIdling()
      },
      idleMs,
      'background',
    )
  }

  /** Ends the stream, by force if the server does not; the function returned takes back the force. */
  #end(stream: Stream, kind?: 'background'): () => void {
    stream.end()
    const { clock } = this.#connection.options
    return clock.setTimer(
      () => {
        stream.cancel()
      },
      farewellMs,
      kind,
    )
  }

  /** Rejects what has waited too long. */
  #expire(cause?: GoetheError): void {
    const { nowMs, deadlineMs } = this.#connection.options
    const now = nowMs()
    for (const group of this.#underWay) {
      if (group.deadline > now || group.waiting === 0) continue
      group.reject(group.sends > 0 ? noAnswerInTime(cause) : neverSent(cause))
    }
    this.#queue.expire(now, () => neverSent(cause))
    if (this.#stream === undefined) this.#dropForsaken()
    // Who says nothing for so long, though asked, is not there: another connection may do better.
    else if (this.#isAsked && now - this.#answeredAt >= deadlineMs) this.#stream.cancel()
    this.#noteIdle()
  }

  /** True when the server should have said something: how large messages may be, or an answer. */
  get #isAsked(): boolean {
    return this.#serverBytesMax === 0 || this.#underWay.at(0)?.waiting === 0
  }

  /** The deadline that comes first; some time from now where nobody waits. */
  get #deadline(): number {
    let first = Math.min(this.#queue.deadline, deadlineOf(this.#connection))
    for (const { deadline, waiting } of this.#underWay) {
      if (waiting > 0 && deadline < first) first = deadline
    }
    return first
  }
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
