/**
 * Sends appends through one stream, many in one message and many messages under way; answers come
 * in their order. When the stream breaks, what was not answered is sent again through the next one,
 * with the same producer sequences.
 */
import type { ClientDuplexStream, Client as GrpcClient } from '@grpc/grpc-js'
import type { AbortSignalLike } from '@goethe/core'
import { GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import {
  type AppendOutcome,
  type StreamedAppend,
  type StreamedReceipt,
  eventLogMethods,
} from '@goethe/protocol'
import { AppendLane, type Group, type Member } from './append-lane.js'
import { backoffMs } from './backoff.js'
import { deadlineOf, openDuplex, pause } from './calls.js'
import type { Connection } from './connection.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'

type Stream = ClientDuplexStream<readonly StreamedAppend[], readonly AppendOutcome[]>

/** Bytes of one message, beyond a single large append. */
const messageBytesMax = 1024 * 1024

/** Larger appends wait until the server has said how large they may be. */
const unaskedBytesMax = 1024 * 1024

/** What a payload costs beyond its bytes, so that empty ones are bounded too. */
const payloadOverheadBytes = 64

/** Lanes that are remembered while nothing is under way in them. */
const lanesMax = 10_000

/** No topic has this name. */
const severalTopics = '*'

/** How often what has waited too long is looked for. */
const expiryMs = 250

export class AppendSender {
  readonly #connection: Connection
  readonly #producer: string | undefined
  readonly #lanes = new Map<string, AppendLane>()
  #lanesMade = 0
  /** Lanes with groups that may be sent. */
  #ready: AppendLane[] = []
  /** Sent and not answered, in order; those that were given up are still answered. */
  #underWay: Group[] = []
  #bytes = 0
  #stream: Stream | undefined
  #running: Promise<void> | undefined
  #scheduled = false
  /** Bytes that the server takes in one message, once it has said so. */
  #serverBytesMax: number | undefined
  #stopExpiry: (() => void) | undefined
  #onIdle: (() => void) | undefined

  /** `producer` names this client; undefined: nothing is sent again. */
  constructor(connection: Connection, producer: string | undefined) {
    this.#connection = connection
    this.#producer = producer
  }

  /** What goes to several topics has a lane of its own: those keep their order among themselves. */
  append(part: StreamedAppend, signal?: AbortSignalLike): Promise<StreamedReceipt> {
    if (signal?.aborted) return Promise.reject(abortedError(signal))
    const { payloads, producer, also } = part
    const topic = also === undefined ? part.topic : severalTopics
    const bytes = bytesOf(part)
    return new Promise((resolve, reject) => {
      const member: Member = {
        count: payloads.length,
        ownProducer: producer !== undefined,
        resolve,
        reject,
      }
      const lane = this.#lane(topic)
      const wasReady = lane.ready
      const group = lane.add(part, member, bytes, deadlineOf(this.#connection))
      if (signal !== undefined) this.#watch(signal, group, member)
      if (!wasReady && lane.ready) this.#ready.push(lane)
      this.#schedule()
    })
  }

  /** Waits for what is under way, and ends the stream. */
  async close(): Promise<void> {
    if (!this.#idle) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    this.#stopExpiry?.()
    if (this.#stream === undefined) return
    this.#stream.end()
    await this.#running
  }

  /** Rejects everything that waits. */
  fail(error: GoetheError): void {
    for (const group of this.#underWay) {
      if (group.members.length > 0) group.reject(error)
    }
    this.#underWay = []
    this.#bytes = 0
    for (const lane of this.#lanes.values()) {
      for (const group of lane.queue.splice(0)) group.reject(error)
    }
    this.#lanes.clear()
    this.#ready = []
    this.#noteIdle()
  }

  get #idle(): boolean {
    return this.#underWay.length === 0 && this.#ready.length === 0 && !this.#hasQueued
  }

  get #hasQueued(): boolean {
    for (const { queue } of this.#lanes.values()) if (queue.length > 0) return true
    return false
  }

  #noteIdle(): void {
    if (this.#onIdle !== undefined && this.#idle) this.#onIdle()
  }

  #lane(topic: string): AppendLane {
    const known = this.#lanes.get(topic)
    if (known !== undefined) return known
    if (this.#lanes.size >= lanesMax) {
      for (const [name, { idle }] of this.#lanes) if (idle) this.#lanes.delete(name)
    }
    // A lane that is made again must not repeat the producers of the one before.
    const producer =
      this.#producer === undefined ? undefined : `${this.#producer}.${this.#lanesMade++}`
    const lane = new AppendLane(topic, producer)
    this.#lanes.set(topic, lane)
    return lane
  }

  /** An append can be taken back until it was sent, and again while there is no connection. */
  #watch(signal: AbortSignalLike, group: Group, member: Member): void {
    const onAbort = (): void => {
      if (group.sent && this.#stream !== undefined) return
      if (group.sent) group.members.splice(group.members.indexOf(member), 1)
      else group.remove(member)
      member.reject(abortedError(signal))
    }
    const { resolve, reject } = member
    signal.addEventListener('abort', onAbort, { once: true })
    member.resolve = (receipt) => {
      signal.removeEventListener('abort', onAbort)
      resolve(receipt)
    }
    member.reject = (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(error)
    }
  }

  /** What is called in one turn goes together; while an answer is awaited, that of a whole turn. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const run = (): void => {
      this.#scheduled = false
      this.#pump()
    }
    if (this.#underWay.length === 0) queueMicrotask(run)
    else setImmediate(run)
  }

  #pump(): void {
    if (this.#stream === undefined) {
      this.#running ??= this.#run()
      return
    }
    const { inFlightBytesMax } = this.#connection.options
    let parts: StreamedAppend[] = []
    let bytes = 0
    while (this.#ready.length > 0 && this.#bytes < inFlightBytesMax) {
      const lane = this.#ready.shift()!
      const [next] = lane.queue
      if (next === undefined || !lane.ready) continue
      if (next.bytes > unaskedBytesMax && this.#serverBytesMax === undefined) {
        this.#ready.unshift(lane)
        break
      }
      const group = lane.take()
      if (lane.ready) this.#ready.push(lane)
      if (group.members.length === 0) {
        lane.settle(group, 'refused')
        continue
      }
      if (group.bytes > (this.#serverBytesMax ?? Infinity)) {
        lane.settle(group, 'refused')
        group.reject(tooLarge(group, this.#serverBytesMax!))
        continue
      }
      this.#underWay.push(group)
      this.#bytes += group.bytes
      parts.push(group.part)
      bytes += group.bytes
      if (bytes < messageBytesMax) continue
      this.#stream.write(parts)
      parts = []
      bytes = 0
    }
    if (parts.length > 0) this.#stream.write(parts)
    this.#watchExpiry()
    this.#noteIdle()
  }

  /** Keeps a stream open while anything waits, one after the other. */
  async #run(): Promise<void> {
    let failures = 0
    this.#watchExpiry()
    try {
      while (!this.#idle) {
        try {
          const oldest = this.#oldestDeadline()
          const client = await this.#connection.acquire(oldest)
          const metadata = await this.#connection.metadata()
          const stream = openDuplex(client, eventLogMethods.appendStream, metadata)
          const answered = await this.#use(stream, client)
          failures = answered ? 0 : failures + 1
          if (this.#idle) return
          if (!answered) await pause(this.#connection, backoffMs(failures, Math.random))
        } catch (failure) {
          this.#onFailure(errorOf(failure))
        }
      }
    } finally {
      this.#running = undefined
    }
  }

  /** Sends through a stream until it ends; true when it has answered anything. */
  async #use(stream: Stream, client: GrpcClient): Promise<boolean> {
    let answered = false
    let refusal: GoetheError | undefined
    stream.on('metadata', (metadata) => {
      const [bytes] = metadata.get('goethe-message-bytes-max')
      if (bytes !== undefined) this.#serverBytesMax = Number(bytes)
      this.#schedule()
    })
    stream.on('data', (outcomes: readonly AppendOutcome[]) => {
      answered = true
      refusal ??= this.#onOutcomes(outcomes)
      if (refusal !== undefined) stream.cancel()
    })
    const ended = new Promise<GoetheError | undefined>((resolve) => {
      stream.on('error', (failure) => {
        resolve(errorOf(failure))
      })
      stream.on('end', () => {
        resolve(undefined)
      })
    })
    this.#stream = stream
    this.#resend()
    this.#pump()
    const error = refusal ?? (await ended)
    if (this.#stream === stream) this.#stream = undefined
    // A server that has closed the stream in peace is about to stop.
    if (error === undefined) return answered
    const known = refusal ?? error
    if (isDisconnect(known)) this.#connection.failed(client, known)
    if (!isPassing(known)) {
      this.fail(known)
      return answered
    }
    if (this.#producer === undefined) this.#giveUpUnderWay(known)
    if (known.details.retryDelayMs !== undefined) {
      await pause(this.#connection, known.details.retryDelayMs)
    }
    return answered && refusal === undefined
  }

  #resend(): void {
    this.#underWay = this.#underWay.filter((group) => {
      if (group.members.length > 0) return true
      this.#bytes -= group.bytes
      group.lane.settle(group, 'unknown')
      return false
    })
    let parts: StreamedAppend[] = []
    let bytes = 0
    for (const group of this.#underWay) {
      parts.push(group.part)
      bytes += group.bytes
      if (bytes < messageBytesMax) continue
      this.#stream!.write(parts)
      parts = []
      bytes = 0
    }
    if (parts.length > 0) this.#stream!.write(parts)
  }

  /** Gives the error that asks to try everything again, if there is one among the answers. */
  #onOutcomes(outcomes: readonly AppendOutcome[]): GoetheError | undefined {
    for (const outcome of outcomes) {
      const [group] = this.#underWay
      if (group === undefined) break
      const error = 'code' in outcome ? outcome : undefined
      // In order: it and all behind it are sent once more, through another stream.
      if (error !== undefined && isPassing(error) && this.#producer !== undefined) return error
      this.#underWay.shift()
      this.#bytes -= group.bytes
      const { lane } = group
      lane.settle(group, error === undefined ? 'appended' : 'refused')
      if (error === undefined) group.resolve(outcome as StreamedReceipt)
      else if (group.members.length > 1 && isOfOneEvent(error)) lane.split(group)
      else group.reject(error)
      if (lane.ready && !this.#ready.includes(lane)) this.#ready.push(lane)
    }
    if (this.#ready.length > 0) this.#schedule()
    this.#noteIdle()
    return undefined
  }

  #onFailure(error: GoetheError): void {
    if (this.#connection.closed) this.fail(closedError())
    else if (!isPassing(error)) this.fail(error)
    else if (!this.#connection.everConnected) this.fail(error)
    else this.#expire(error)
  }

  /** Without a producer, what was sent and not answered has an unknown outcome. */
  #giveUpUnderWay(cause: GoetheError): void {
    for (const group of this.#underWay.splice(0)) {
      this.#bytes -= group.bytes
      group.lane.settle(group, 'unknown')
      group.reject(unknownOutcome(cause))
      if (group.lane.ready) this.#ready.push(group.lane)
    }
  }

  #watchExpiry(): void {
    if (this.#stopExpiry !== undefined || this.#idle) return
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
    const now = performance.now()
    for (const group of this.#underWay) {
      if (group.deadline <= now && group.members.length > 0) group.reject(unknownOutcome(cause))
    }
    for (const lane of this.#lanes.values()) {
      while (lane.queue.length > 0 && lane.queue[0]!.deadline <= now) {
        lane.queue.shift()!.reject(neverSent(cause))
      }
    }
    // What was given up is not waited for when there is nobody to answer it.
    if (this.#stream === undefined && this.#underWay.every(({ members }) => members.length === 0)) {
      for (const group of this.#underWay.splice(0)) {
        this.#bytes -= group.bytes
        group.lane.settle(group, 'unknown')
      }
    }
    this.#ready = this.#ready.filter((lane) => lane.ready)
    this.#noteIdle()
  }

  #oldestDeadline(): number {
    let oldest = deadlineOf(this.#connection)
    for (const { deadline, members } of this.#underWay) {
      if (members.length > 0 && deadline < oldest) oldest = deadline
    }
    for (const { queue } of this.#lanes.values()) {
      if (queue.length > 0 && queue[0]!.deadline < oldest) oldest = queue[0]!.deadline
    }
    return oldest
  }
}

function bytesOf({ payloads, also }: StreamedAppend): number {
  let bytes = payloads.length * payloadOverheadBytes
  for (const { length } of payloads) bytes += length
  for (const part of also ?? []) bytes += bytesOf(part)
  return bytes
}

/** True for what is wrong with one event of a group, so that the others are not to suffer. */
function isOfOneEvent({ code }: GoetheError): boolean {
  return code === 'GOETHE_EVENT_TOO_LARGE' || code === 'GOETHE_INVALID_ARGUMENT'
}

function tooLarge({ part, bytes }: Group, max: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `An append of ${bytes} bytes for topic '${part.topic}' is larger than what the server takes ` +
      `in one message (limits.messageBytesMax, ${max})`,
    { details: { topic: part.topic } },
  )
}

function unknownOutcome(cause: GoetheError | undefined): GoetheError {
  return new GoetheError(
    'GOETHE_DEADLINE',
    'The append was sent, but no answer came in time: whether it was done is unknown',
    { cause },
  )
}

function neverSent(cause: GoetheError | undefined): GoetheError {
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    'The append could not be sent in time: the server was away, or too slow',
    { cause },
  )
}
