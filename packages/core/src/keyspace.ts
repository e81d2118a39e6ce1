/**
 * Where entries lie: seven sublevels of one store, and how their keys are made and taken apart.
 *
 *     events     topic ':' id of the block's last event      block
 *     commits    last id of the commit                       the blocks of that commit
 *     index      topic ':' start of the interval             last event of that interval
 *     cursors    topic ':' consumer                          position of a consumer
 *     topics     topic                                       creation, retention, trimmed up to
 *     producers  topic ':' producer id                       last results
 *     meta       name                                        format, log id, index interval
 *
 * Ids and times are 8 bytes big-endian, so that bytes sort as they do. All of a topic's keys lie
 * between `topic:` and `topic;`.
 */
import { putUint64BigEndian, uint64BigEndian } from './fixed-integers.js'
import { idBytes } from './record.js'

declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const separator = 0x3a // ':'

/** Half-open or closed bounds of keys, as abstract-level takes them. */
export interface KeyRange {
  gt?: Uint8Array
  gte?: Uint8Array
  lt?: Uint8Array
  lte?: Uint8Array
}

/** The names of the sublevels. */
export const keyspaceNames = [
  'events',
  'commits',
  'index',
  'cursors',
  'topics',
  'producers',
  'meta',
] as const
export type KeyspaceName = (typeof keyspaceNames)[number]

/** One sublevel: makes whole keys, with the sublevel's prefix, and takes them apart. */
export class Keyspace {
  readonly name: KeyspaceName
  readonly prefix: Uint8Array

  /** `parentPrefix` is that of the store itself when it is a sublevel, '' otherwise. */
  constructor(name: KeyspaceName, parentPrefix: string) {
    this.name = name
    this.prefix = encoder.encode(`${parentPrefix}!${name}!`)
  }

  /** True when the key lies in this sublevel. */
  owns(key: Uint8Array): boolean {
    const { prefix } = this
    if (key.length < prefix.length) return false
    for (let at = prefix.length - 1; at >= 0; at--) if (key[at] !== prefix[at]) return false
    return true
  }

  key(rest: Uint8Array | string): Uint8Array {
    return concatenate(this.prefix, typeof rest === 'string' ? encoder.encode(rest) : rest)
  }

  idKey(id: bigint): Uint8Array {
    return appendId(this.prefix, id)
  }

  /** The prefix that all keys of this topic share, with the separator. */
  topicPrefix(topic: Uint8Array | string): Uint8Array {
    const key = this.key(topic)
    const prefix = new Uint8Array(key.length + 1)
    prefix.set(key)
    prefix[key.length] = separator
    return prefix
  }

  /** The key of a consumer or producer of this topic. */
  nameKey(topic: string, name: string): Uint8Array {
    return this.key(`${topic}:${name}`)
  }

  /** The key without the sublevel's prefix, as text. */
  text(key: Uint8Array): string {
    return decoder.decode(key.subarray(this.prefix.length))
  }

  /** Topic and name of a `topic:name` key. */
  names(key: Uint8Array): { topic: string; name: string } {
    const text = this.text(key)
    const at = text.indexOf(':')
    return { topic: text.slice(0, at), name: text.slice(at + 1) }
  }

  /** The topic of a `topic:id` key. */
  topic(key: Uint8Array): string {
    return decoder.decode(key.subarray(this.prefix.length, key.length - idBytes - 1))
  }

  /** Topic and id (or time) of a `topic:id` key. */
  topicAndId(key: Uint8Array): { topic: string; id: bigint } {
    return { topic: this.topic(key), id: trailingId(key) }
  }

  /** All keys of the sublevel. */
  range(): KeyRange {
    return { gte: this.prefix, lt: successor(this.prefix) }
  }

  /** All keys that start with these bytes behind the sublevel's prefix. */
  rangeOf(start: Uint8Array | string): KeyRange {
    const prefix = this.key(start)
    return { gte: prefix, lt: successor(prefix) }
  }
}

export type Keyspaces = Readonly<Record<KeyspaceName, Keyspace>>

/** The sublevels of a store. */
export function keyspaces(parentPrefix: string): Keyspaces {
  const entries = keyspaceNames.map((name) => [name, new Keyspace(name, parentPrefix)] as const)
  return Object.fromEntries(entries) as Record<KeyspaceName, Keyspace>
}

/** All keys that begin with a prefix. */
export function within(prefix: Uint8Array): Required<Pick<KeyRange, 'gte' | 'lt'>> {
  return { gte: prefix, lt: successor(prefix) }
}

/** The least key above all that start with `prefix`, whose last byte is not 0xff. */
function successor(prefix: Uint8Array): Uint8Array {
  const next = prefix.slice()
  next[next.length - 1]! += 1
  return next
}

/** `prefix` with 8 bytes big-endian behind it. */
export function appendId(prefix: Uint8Array, id: bigint): Uint8Array {
  const key = new Uint8Array(prefix.length + idBytes)
  key.set(prefix)
  putUint64BigEndian(key, prefix.length, id)
  return key
}

/** The 8 bytes big-endian at the end of a key. */
export function trailingId(key: Uint8Array): bigint {
  return uint64BigEndian(key, key.length - idBytes)
}

/** A key in hexadecimal, without the sublevel, for messages. */
export function hexadecimalKey(key: Uint8Array): string {
  return Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Negative, 0 or positive as the first bytes sort before, like or behind the second. */
export function compareBytes(first: Uint8Array, second: Uint8Array): number {
  const length = Math.min(first.length, second.length)
  for (let at = 0; at < length; at++) {
    const difference = first[at]! - second[at]!
    if (difference !== 0) return difference
  }
  return first.length - second.length
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
