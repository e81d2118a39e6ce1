/** A stream of gRPC on which a test speaks and listens by itself. */
import { once } from 'node:events'
import type { ClientDuplexStream } from '@grpc/grpc-js'

export class Conversation<Sent, Received> {
  readonly #stream: ClientDuplexStream<Sent, Received>
  readonly #received: AsyncIterator<Received>

  constructor(stream: ClientDuplexStream<Sent, Received>) {
    this.#stream = stream
    this.#received = stream[Symbol.asyncIterator]()
  }

  send(message: Sent): void {
    this.#stream.write(message)
  }

  /** The next message; rejects with the status of the stream. */
  async next(): Promise<Received> {
    const { value, done } = await this.#received.next()
    if (done === true) throw new Error('The stream ended without an answer')
    return value as Received
  }

  /** The next message after one that is sent. */
  ask(message: Sent): Promise<Received> {
    this.send(message)
    return this.next()
  }

  /** Resolves when the server has taken notice. */
  async end(): Promise<void> {
    const ended = once(this.#stream, 'status')
    this.#stream.end()
    this.#stream.resume()
    await ended
  }

  /** Goes away without a word, as a process that dies. */
  break(): void {
    this.#stream.on('error', () => undefined)
    this.#stream.cancel()
  }
}
