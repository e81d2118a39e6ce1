/**
 * Watches one key of etcd. Every second it asks the server for an answer, so that one that is dead
 * or cut off is noticed within two; then it watches on, on another server if there is one.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import { GoetheError } from '@goethe/core'
import { backoffMs } from '@goethe/core/contract'
import {
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
  WatchResponseSchema,
} from '../gen/etcdserverpb/rpc_pb.js'
import type { EtcdClient } from './etcd-client.js'
import { EtcdFailure } from './etcd-failure.js'

const askMs = 1000

/** Not long: a member that does not watch learns late that somebody else leads. */
const pauseMsMax = 2000

export interface EtcdWatchHandler {
  /** Once it watches, also again, and at each change. */
  onChange(): void
  /** Why it does not watch for now. */
  onProblem?(error: GoetheError): void
}

/** Watches until the function returned is called, or the client closes. */
export function etcdWatch(
  client: EtcdClient,
  key: Uint8Array,
  handler: EtcdWatchHandler,
): () => void {
  const watch = new EtcdWatch(client, key, handler)
  watch.start()
  return () => {
    watch.stop()
  }
}

class EtcdWatch {
  readonly #client: EtcdClient
  readonly #key: Uint8Array
  readonly #handler: EtcdWatchHandler
  #failures = 0
  #isOver = false
  #stopTimer: (() => void) | undefined
  #stopLimit: (() => void) | undefined
  #stream: ClientDuplexStream<WatchRequest, WatchResponse> | undefined

  constructor(client: EtcdClient, key: Uint8Array, handler: EtcdWatchHandler) {
    this.#client = client
    this.#key = key
    this.#handler = handler
  }

  start(): void {
    this.#stopLimit = this.#client.limits.limit({
      onEnd: () => {
        this.stop()
      },
    })
    void this.#begin()
  }

  stop(): void {
    this.#isOver = true
    this.#stopLimit?.()
    this.#end()
  }

  async #begin(): Promise<void> {
    try {
      const { endpoint, metadata } = await this.#client.prepared()
      if (this.#isOver) return
      const stream = endpoint.client.makeBidiStreamRequest(
        '/etcdserverpb.Watch/Watch',
        (message: WatchRequest) => Buffer.from(toBinary(WatchRequestSchema, message)),
        (bytes) => fromBinary(WatchResponseSchema, bytes),
        metadata,
      )
      this.#stream = stream
      const fail = (failure: EtcdFailure): void => {
        if (this.#stream !== stream) return
        if (failure.isStaleToken) endpoint.token = undefined
        else this.#client.leave(endpoint)
        this.#again(failure.error)
      }
      stream.on('data', (message: WatchResponse) => {
        if (this.#stream === stream) this.#take(message, fail, endpoint.address)
      })
      stream.on('error', (error: ServiceError) => {
        fail(EtcdFailure.of(endpoint.address, error))
      })
      stream.on('end', () => {
        fail(EtcdFailure.unreachable(endpoint.address, 'the watch has ended'))
      })
      this.#expectAnswer(fail, endpoint.address)
      const createRequest = { key: this.#key }
      stream.write(
        create(WatchRequestSchema, {
          requestUnion: { case: 'createRequest', value: createRequest },
        }),
      )
    } catch (failure) {
      this.#again((failure as EtcdFailure).error)
    }
  }

  #take(message: WatchResponse, fail: (failure: EtcdFailure) => void, address: string): void {
    if (message.canceled) {
      fail(EtcdFailure.unreachable(address, `it ended the watch: ${message.cancelReason}`))
      return
    }
    this.#failures = 0
    this.#stopTimer?.()
    this.#stopTimer = this.#client.clock.setTimer(
      () => {
        this.#expectAnswer(fail, address)
        this.#stream?.write(
          create(WatchRequestSchema, { requestUnion: { case: 'progressRequest', value: {} } }),
        )
      },
      askMs,
      'background',
    )
    if (message.created || message.events.length > 0) this.#handler.onChange()
  }

  #expectAnswer(fail: (failure: EtcdFailure) => void, address: string): void {
    this.#stopTimer?.()
    this.#stopTimer = this.#client.clock.setTimer(
      () => {
        fail(EtcdFailure.unreachable(address, `it gave no answer in ${askMs} ms`))
      },
      askMs,
      'background',
    )
  }

  #again(error: GoetheError): void {
    this.#end()
    if (this.#isOver) return
    this.#handler.onProblem?.(error)
    const delayMs = backoffMs(this.#failures++, this.#client.random, pauseMsMax)
    this.#stopTimer = this.#client.clock.setTimer(() => void this.#begin(), delayMs)
  }

  #end(): void {
    this.#stopTimer?.()
    const stream = this.#stream
    this.#stream = undefined
    // What was cancelled says so by an error.
    stream?.on('error', () => undefined)
    stream?.cancel()
  }
}
