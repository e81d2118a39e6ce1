import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { number } from '../tests-support/arbitraries.js'
import { MessageError, MessageReader } from './message-reader.js'
import { MessageWriter, varintSize } from './message-writer.js'

const readerOf = (...bytes: number[]): MessageReader => new MessageReader(Uint8Array.from(bytes))

describe('a reader of messages', () => {
  it('reads the numbers that were written', () => {
    fc.assert(
      fc.property(number, (value) => {
        const { bytes } = new MessageWriter(varintSize(value)).varint(value)
        expect(new MessageReader(bytes).varint()).toBe(value)
      }),
    )
  })

  it('refuses numbers beyond 2^53', () => {
    expect(() => readerOf(...new Array<number>(7).fill(0xff), 0x1f).varint()).toThrow(MessageError)
    expect(() => readerOf(...new Array<number>(9).fill(0xff), 0x01).varint()).toThrow(MessageError)
  })

  it('refuses numbers that do not end', () => {
    expect(() => readerOf(...new Array<number>(20).fill(0xff)).varint()).toThrow(MessageError)
    expect(() => readerOf(0x80, 0x80).varint()).toThrow(MessageError)
    expect(() => readerOf(0x80, 0x80).skip(0x08)).toThrow(MessageError)
  })

  it('passes over numbers that it could not read', () => {
    const reader = readerOf(...new Array<number>(9).fill(0xff), 0x01, 0x08)
    reader.skip(0x78)
    expect(reader.tag()).toBe(0x08)
  })

  it('refuses fields without a number, and with one that no field has', () => {
    expect(() => readerOf(0x02).tag()).toThrow(MessageError)
    expect(() => readerOf(0x9a, 0x80, 0x80, 0x80, 0x10).tag()).toThrow(MessageError)
  })

  it('refuses to pass over wire types that there are not', () => {
    for (const type of [3, 4, 6, 7]) {
      expect(() => readerOf(0, 0, 0, 0, 0, 0, 0, 0).skip(0x78 | type)).toThrow(MessageError)
    }
  })

  it('keeps a mark of byte order at the start of a text', () => {
    expect(readerOf(4, 0xef, 0xbb, 0xbf, 0x61).string()).toBe('\ufeffa')
  })

  it('refuses texts that are no UTF-8, however long', () => {
    expect(() => readerOf(2, 0x61, 0xff).string()).toThrow(MessageError)
    expect(() => readerOf(30, ...new Array<number>(30).fill(0xff)).string()).toThrow(MessageError)
  })

  it('does not read beyond the message that it entered', () => {
    const reader = readerOf(1, 0x80, 0x01, 0x05)
    const outer = reader.enter()
    expect(() => reader.varint()).toThrow(MessageError)
    reader.leave(outer)
  })
})
