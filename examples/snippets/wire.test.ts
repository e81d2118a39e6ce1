import { readFileSync } from 'node:fs'
import { type Codec, eventLogMethods } from '@goethe/protocol'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './byte-blocks.js'

const page = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8')
const { appendStream, read, consume } = eventLogMethods

/** Reads a message and writes it again. */
const again =
  <Message>(codec: Codec<Message>) =>
  (bytes: Uint8Array): Uint8Array =>
    codec.encode(codec.decode(bytes))

/** The streams' messages, through the codecs that the published package has for them. */
const rewritten: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  AppendStreamRequest: again(appendStream.request),
  AppendStreamResponse: again(appendStream.response),
  ReadRequest: again(read.request),
  ReadResponse: again(read.response),
  ConsumeRequest: again(consume.request),
  ConsumeResponse: again(consume.response),
}

describe('docs/wire.md', () => {
  const shown = blocksOf(page)
  /** A block is called as its message, and perhaps what it is about. */
  const messageOf = (name: string): string => name.split(/[ ,]/)[0] ?? ''

  test('it shows all messages of the streams and no others', () => {
    const named = new Set(shown.map(([name]) => messageOf(name)))
    expect([...named].sort()).toEqual(Object.keys(rewritten).sort())
  })

  test.each(shown)('the bytes of %s are those that its codec writes', (name, hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    const written = rewritten[messageOf(name)]?.(bytes)
    expect(Buffer.from(written ?? []).toString('hex')).toBe(hex)
  })
})
