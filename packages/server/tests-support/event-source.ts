/** Server-sent events as a browser sees them, one by one. */
export interface SentEvent {
  id: string | undefined
  event: string
  data: string
  comment: string
}

export class TestEventSource implements AsyncDisposable {
  readonly response: Response
  readonly #abort: AbortController
  readonly #chunks: AsyncIterator<string>
  #text = ''

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    this.#chunks = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<TestEventSource> {
    const abort = new AbortController()
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    })
    return new TestEventSource(response, abort)
  }

  /** The next block of lines, comments and retry times included; undefined at the end. */
  async next(): Promise<SentEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return parse(block)
      }
      const { done, value } = await this.#chunks.next()
      if (done === true) return undefined
      this.#text += value as string
    }
  }

  /** The next one that carries data. */
  async event(): Promise<SentEvent | undefined> {
    for (;;) {
      const next = await this.next()
      if (next === undefined || next.data !== '') return next
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#chunks.return?.().catch(() => undefined)
  }
}

function parse(block: string): SentEvent {
  const fields = (name: string): string[] =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trimStart())
  return {
    id: fields('id')[0],
    event: fields('event')[0] ?? 'message',
    data: fields('data').join('\n'),
    comment: fields('').join('\n'),
  }
}
