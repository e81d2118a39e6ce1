/** Gossip on the wire: JSON, as there is little of it and people may want to look at it. */
import { GoetheError } from '@goethe/core'
import type { DigestEntry, GossipBody, GossipMessage } from './gossip-message.js'
import type { MemberReport, MemberState } from './member-state.js'

export function encodeGossip(message: GossipMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

/** Throws GOETHE_CORRUPT for what is no gossip. */
export function decodeGossip(bytes: Uint8Array): GossipMessage {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new GoetheError('GOETHE_CORRUPT', 'Gossip is JSON, and this is not', { cause })
  }
  const { from, clusterId, body } = fieldsOf(value)
  if (!isText(from) || !isOptionalText(clusterId)) throw malformed('who it is from')
  return { from, clusterId, body: bodyOf(fieldsOf(body)) }
}

function bodyOf(body: Fields): GossipBody {
  switch (body['type']) {
    case 'digest':
      return { type: 'digest', digest: listOf(body['digest'], digestEntry) }
    case 'answer': {
      const wanted = listOf(body['wanted'], (member) => {
        if (isText(member)) return member
        throw malformed('what is wanted')
      })
      return { type: 'answer', states: listOf(body['states'], memberState), wanted }
    }
    case 'states':
      return { type: 'states', states: listOf(body['states'], memberState) }
    default:
      throw malformed('its type')
  }
}

function digestEntry(value: unknown): DigestEntry {
  const { member, generation, version } = fieldsOf(value)
  if (!isText(member) || !isCount(generation) || !isCount(version)) throw malformed('a digest')
  return { member, generation, version }
}

function memberState(value: unknown): MemberState {
  const { storeId, incarnation, address, url, report, ...rest } = fieldsOf(value)
  if (!isText(storeId) || !isText(incarnation) || !isText(address) || !isOptionalText(url)) {
    throw malformed('a member')
  }
  const identity = { storeId, incarnation, address, ...(url !== undefined && { url }) }
  return { ...digestEntry(rest), ...identity, report: reportOf(fieldsOf(report)) }
}

function reportOf(report: Fields): MemberReport {
  const { health, reason, notWritable, role, peerAddress, clusterId, hearsLeader } = report
  const { epoch, lastLsn, lastEpoch, commitLsn, load } = report
  const isWhole =
    ['serving', 'catching-up', 'draining', 'unhealthy'].includes(health as string) &&
    ['leader', 'follower', 'candidate'].includes(role as string) &&
    isOptionalText(reason) &&
    isOptionalText(notWritable) &&
    isOptionalText(peerAddress) &&
    isOptionalText(clusterId) &&
    [epoch, lastLsn, commitLsn].every(isCount) &&
    (lastEpoch === undefined || isCount(lastEpoch)) &&
    typeof load === 'number' &&
    typeof hearsLeader === 'boolean'
  if (!isWhole) throw malformed('a report')
  return report as unknown as MemberReport
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw malformed('an object')
}

function listOf<Item>(value: unknown, itemOf: (item: unknown) => Item): Item[] {
  if (Array.isArray(value)) return value.map(itemOf)
  throw malformed('a list')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= textMax
}

/** Names, addresses and sentences are shorter. */
const textMax = 4096

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function malformed(what: string): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', `Gossip does not say ${what} as it should`)
}
