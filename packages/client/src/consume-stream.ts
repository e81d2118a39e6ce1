/**
 * The way of an instance to its server: one stream of Consume after the other, as long as there is
 * something to be said or heard. What is said in one turn goes in one message.
 */
import type { ClientDuplexStream, Client as GrpcClient } from '@grpc/grpc-js'
import type { GoetheError } from '@goethe/core'
import { type ConsumeCommand, type ConsumeReport, eventLogMethods } from '@goethe/protocol'
import { backoffMs, retryDelayMs } from './backoff.js'
import { openDuplex } from './calls.js'
import type { Connection } from './connection.js'
import { emptyCommand, isEmpty } from './consume-command.js'
import { errorOf, isDisconnect, isPassing } from './failures.js'
import { deadlineOf, noAnswerError, pause } from './waiting.js'

type Stream = ClientDuplexStream<ConsumeCommand, ConsumeReport>

/** The instance at this end of the streams. */
export interface ConsumeStreamContext {
  /** True once nothing more is to be taken. */
  isEnded(): boolean
  /** True while acks or nacks wait for their answers. */
  hasUnanswered(): boolean
  /** The message that opens a stream, with all that the one before may have lost. */
  opening(): ConsumeCommand
  onReport(report: ConsumeReport): void
  /** Trying again does not help. */
  onFailure(error: GoetheError): void
}

export class ConsumeStream {
  readonly #connection: Connection
  readonly #context: ConsumeStreamContext
  /** Fires when nothing is left to be said. */
  readonly #over = new AbortController()
  #running: Promise<void> | undefined
  #stream: Stream | undefined
  /** True once the server has named the instance in this stream: until then, numbers may be another's. */
  #attached = false
  #command: ConsumeCommand = emptyCommand()
  #sending = false

  constructor(connection: Connection, context: ConsumeStreamContext) {
    this.#connection = connection
    this.#context = context
  }

  /** Opens a stream, and another one whenever it breaks. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** What is sent at the end of this turn, or as soon as there is a stream that takes it. */
  message(): ConsumeCommand {
    this.#sendSoon()
    return this.#command
  }

  /** The server has named the instance. */
  attach(): void {
    this.#attached = true
    if (!isEmpty(this.#command)) this.#sendSoon()
  }

  /** The server does not know what was said so far: it was about another instance. */
  forget(): void {
    const { credit } = this.#command
    this.#command = { ...emptyCommand(), credit }
  }

  /** Ends at once. */
  abort(): void {
    this.#over.abort()
    this.#stream?.cancel()
    this.#stream = undefined
  }

  /**
   * Ends in peace, so that the server gives back at once what is held. What was acknowledged is
   * answered first, if need be through another stream. Resolves by the connection's deadline.
   */
  async end(opening: ConsumeCommand['open'], onClose: () => void): Promise<void> {
    const stream = this.#stream
    if (stream !== undefined) {
      // Before the instance is named, nothing but what opened the stream was said, or could be.
      if (this.#attached) stream.write({ ...this.#take(), credit: 0, open: opening })
      stream.end()
    } else if (!this.#context.hasUnanswered()) {
      this.#over.abort()
      return
    }
    const { clock, deadlineMs } = this.#connection.options
    const stop = clock.setTimer(
      () => {
        this.#over.abort()
        this.#stream?.cancel()
      },
      deadlineMs,
      'background',
    )
    const stopListening = this.#connection.onClose(onClose)
    await this.#running
    stopListening()
    this.#over.abort()
    stop()
  }

  async #run(): Promise<void> {
    const { signal } = this.#over
    let begun = false
    let failures = 0
    let deadline = deadlineOf(this.#connection)
    while (!signal.aborted && this.#isNeeded) {
      let client: GrpcClient | undefined
      if (begun) deadline = deadlineOf(this.#connection)
      try {
        client = await this.#connection.acquire(begun ? Infinity : deadline, signal)
        const metadata = await this.#connection.metadata(deadline, signal)
        if (!this.#isNeeded) return
        const stream = openDuplex(client, eventLogMethods.consume, metadata)
        await this.#use(stream, () => {
          begun = true
          failures = 0
        })
        if (this.#context.isEnded()) continue
        const { random } = this.#connection.options
        await pause(this.#connection, backoffMs(failures++, random), signal)
      } catch (failure) {
        const error = errorOf(failure)
        if (signal.aborted || this.#connection.closed) return
        // Once it has begun, an instance goes on for good: a silent server is as good as none.
        const isSilent = begun && error.code === 'GOETHE_DEADLINE'
        if (!isPassing(error) && !isSilent) {
          this.#context.onFailure(error)
          return
        }
        if (client !== undefined && (isSilent || isDisconnect(error))) {
          this.#connection.failed(client, error)
        }
        const { everConnected, options } = this.#connection
        if (!begun && (!everConnected || options.nowMs() >= deadline)) {
          this.#context.onFailure(error)
          return
        }
        const delayMs = retryDelayMs(error, failures++, options.random)
        await pause(this.#connection, delayMs, signal).catch(() => undefined)
      }
    }
  }

  get #isNeeded(): boolean {
    return !this.#context.isEnded() || this.#context.hasUnanswered()
  }

  /** Resolves when the server ends the stream, rejects when it breaks or is not taken up in time. */
  async #use(stream: Stream, onBegun: () => void): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      stream.on('error', reject)
      stream.on('end', resolve)
    })
    stream.on('data', (report: ConsumeReport) => {
      onBegun()
      this.#context.onReport(report)
    })
    this.#stream = stream
    this.#attached = false
    this.#command = emptyCommand()
    stream.write(this.#context.opening())
    if (this.#context.isEnded()) stream.end()
    const { clock, deadlineMs } = this.#connection.options
    let isLate = false
    const stop = clock.setTimer(
      () => {
        if (this.#stream !== stream || this.#attached) return
        isLate = true
        stream.cancel()
      },
      deadlineMs,
      'background',
    )
    try {
      await ended
    } catch (error) {
      throw isLate ? noAnswerError(this.#connection) : error
    } finally {
      stop()
      if (this.#stream === stream) this.#stream = undefined
    }
  }

  #sendSoon(): void {
    if (this.#sending) return
    this.#sending = true
    setImmediate(() => {
      this.#sending = false
      if (this.#stream === undefined || !this.#attached || this.#context.isEnded()) return
      if (!isEmpty(this.#command)) this.#stream.write(this.#take())
    })
  }

  #take(): ConsumeCommand {
    const command = this.#command
    this.#command = emptyCommand()
    return command
  }
}
