/** Asks peers to carry out requests, over one connection to each that is made when it is needed. */
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import { DialedConnection, unavailable } from './dialed-connection.js'
import { decodeFetchError } from './fetch-frames.js'
import { decodeNumbered, encodeNumber } from './forward-frames.js'
import { FrameError, type FrameKind } from './frame.js'
import type { PeerSettings } from './peer-settings.js'
import type { PeerProblem } from './peer-transport.js'

export class ForwardClient {
  readonly #settings: PeerSettings
  readonly #links = new Map<string, ForwardLink>()
  #closed = false

  constructor(settings: PeerSettings) {
    this.#settings = settings
  }

  async forward(
    member: string,
    address: string,
    request: Uint8Array,
    signal?: AbortSignalLike,
  ): Promise<Uint8Array> {
    if (this.#closed) throw forwardClosedError()
    if (signal?.aborted === true) throw abortedError(signal)
    return this.#linkTo(member, address).ask(request, signal)
  }

  close(): void {
    this.#closed = true
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  #linkTo(member: string, address: string): ForwardLink {
    const known = this.#links.get(member)
    if (known?.address === address) return known
    // It goes on for what is under way there, and is lost with the member that was there.
    const link = new ForwardLink(this.#settings, member, address, () => {
      if (this.#links.get(member) === link) this.#links.delete(member)
    })
    this.#links.set(member, link)
    return link
  }
}

interface Asked {
  /** Undefined once it was sent. */
  request: Uint8Array | undefined
  resolve(answer: Uint8Array): void
  reject(error: GoetheError): void
}

class ForwardLink {
  readonly address: string
  readonly #member: string
  readonly #dialed: DialedConnection
  readonly #asked = new Map<number, Asked>()
  #last = 0

  constructor(settings: PeerSettings, member: string, address: string, onLost: () => void) {
    this.address = address
    this.#member = member
    this.#dialed = new DialedConnection(settings, member, address, 'forward', {
      onReady: () => {
        for (const number of [...this.#asked.keys()]) this.#send(number)
      },
      onFrame: (kind, body) => {
        this.#onFrame(kind, body)
      },
      onEnd: (problem) => {
        onLost()
        this.#lose(problem)
      },
    })
  }

  async ask(request: Uint8Array, signal: AbortSignalLike | undefined): Promise<Uint8Array> {
    const number = ++this.#last
    const onAbort = (): void => {
      this.#abort(number, abortedError(signal!))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#asked.set(number, { request, resolve, reject })
        if (this.#dialed.ready) this.#send(number)
      })
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  close(): void {
    this.#dialed.end()
    for (const number of [...this.#asked.keys()]) {
      this.#fail(number, forwardClosedError(), 'This was closed while it was under way')
    }
  }

  #send(number: number): void {
    const asked = this.#asked.get(number)!
    if (this.#dialed.send('request', [encodeNumber(number), asked.request!])) {
      asked.request = undefined
    } else if (this.#dialed.ready) {
      this.#take(number)?.reject(
        new GoetheError(
          'GOETHE_LIMIT',
          `Too much is on its way to member ${this.#member}; try again a little later`,
          { details: { retryDelayMs: 1000 } },
        ),
      )
    }
  }

  #abort(number: number, error: GoetheError): void {
    const asked = this.#take(number)
    if (asked === undefined) return
    if (asked.request === undefined) this.#dialed.send('cancel', [encodeNumber(number)])
    asked.reject(error)
  }

  #onFrame(kind: FrameKind, body: Buffer): void {
    if (kind !== 'answer' && kind !== 'error') {
      throw new FrameError(`A frame of kind ${kind} came where answers are expected`)
    }
    const { number, rest } = decodeNumbered(body)
    if (number > this.#last) throw new FrameError(`Request ${number} is answered, and was not sent`)
    // Perhaps it is one whose caller has gone meanwhile.
    const asked = this.#take(number)
    if (kind === 'answer') asked?.resolve(rest)
    else asked?.reject(decodeFetchError(this.#member, rest))
  }

  #lose(problem: PeerProblem): void {
    for (const number of [...this.#asked.keys()]) {
      this.#fail(
        number,
        unavailable(problem),
        `Member ${this.#member} was lost while this was under way`,
      )
    }
  }

  /** What was not sent was not done. */
  #fail(number: number, unsent: GoetheError, sent: string): void {
    const asked = this.#take(number)
    if (asked?.request !== undefined) return asked.reject(unsent)
    asked?.reject(
      new GoetheError('GOETHE_OUTCOME_UNKNOWN', `${sent}: whether it was done is unknown`),
    )
  }

  #take(number: number): Asked | undefined {
    const asked = this.#asked.get(number)
    this.#asked.delete(number)
    return asked
  }
}

/** The error of a request to a transport that is closed. */
export function forwardClosedError(): GoetheError {
  return new GoetheError('GOETHE_CLOSED', 'Nothing is passed on any more: this was closed')
}
