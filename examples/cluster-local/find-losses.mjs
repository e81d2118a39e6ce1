import { connect } from '@goethe/client'

/**
 * Reads a topic from each member by itself and compares it with what was acknowledged. Resolves with
 * what is missing or different, as sentences.
 *
 * @param {{ name: string, address: string }[]} members
 * @param {string} topic
 * @param {Map<number, bigint>} acknowledged ids by number
 */
export async function findLosses(members, topic, acknowledged) {
  const losses = []
  for (const { name, address } of members) {
    const log = connect(address)
    try {
      // A follower is behind by a moment: the read ends when everything has come.
      const { last } = await log.describe(topic)
      const limit = Math.max(acknowledged.size, last.sequence)
      const events = await log.read(topic, { follow: true, limit }).toArray()
      losses.push(...lossesAt(name, events, acknowledged))
    } finally {
      await log.close()
    }
  }
  return losses
}

/**
 * What is wrong with the events of one member.
 *
 * @param {string} name
 * @param {{ id: bigint, sequence: number, text(): string }[]} events
 * @param {Map<number, bigint>} acknowledged
 */
export function lossesAt(name, events, acknowledged) {
  const losses = []
  /** @type {Map<number, bigint>} */
  const found = new Map()
  let previous = 0n
  for (const [index, event] of events.entries()) {
    const number = Number(event.text())
    if (found.has(number)) losses.push(`${name} has ${number} twice`)
    if (event.sequence !== index + 1) losses.push(`${name} has a gap at event ${index + 1}`)
    if (event.id <= previous) losses.push(`${name} has ${number} out of order`)
    previous = event.id
    found.set(number, event.id)
  }
  for (const [number, id] of acknowledged) {
    if (!found.has(number)) losses.push(`${name} has not got ${number}`)
    else if (found.get(number) !== id) losses.push(`${name} has ${number} under another id`)
  }
  // Everything that was appended was acknowledged in the end.
  if (found.size > acknowledged.size) losses.push(`${name} has what nobody has appended`)
  return losses
}
