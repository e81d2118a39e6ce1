import { readFileSync } from 'node:fs'
import { type Codec, eventLogMethods } from '@goethe/protocol'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './byte-blocks.js'

const page = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8')
const { appendStream, read, consume } = eventLogMethods

/** The codecs of the streams' messages, as the published package has them. */
const codecs: Record<string, Codec<never>> = {
  AppendStreamRequest: appendStream.request,
  AppendStreamResponse: appendStream.response,
  ReadRequest: read.request,
  ReadResponse: read.response,
  ConsumeRequest: consume.request,
  ConsumeResponse: consume.response,
}

describe('docs/wire.md', () => {
  const shown = blocksOf(page)
  /** A block is called as its message, and perhaps what it is about. */
  const messageOf = (name: string): string => name.split(/[ ,]/)[0] ?? ''

  test('it shows all messages of the streams and no others', () => {
    const named = new Set(shown.map(([name]) => messageOf(name)))
    expect([...named].sort()).toEqual(Object.keys(codecs).sort())
  })

  test.each(shown)('the bytes of %s are those that its codec writes', (name, hex) => {
    const codec = codecs[messageOf(name)]
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    const written = codec?.encode(codec.decode(bytes)) ?? new Uint8Array(0)
    expect(Buffer.from(written).toString('hex')).toBe(hex)
  })
})
