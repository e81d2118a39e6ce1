/** What grants allow, by the one rule of patterns: a name, or a prefix that ends with `*`. */
import { nameBytes } from '@goethe/core/contract'
import type { Grant, Right } from '../identity.js'

/** Topics that a pattern stands for. */
export type TopicPattern = { topic: string } | { prefix: string }

/** True when some grant gives the right in this topic. */
export function allows(grants: readonly Grant[], right: Right, topic: string): boolean {
  return grants.some(({ topics, rights }) => rights.includes(right) && matches(topics, topic))
}

/**
 * True when one grant gives the right in all topics that start with `prefix`, also in those that
 * do not exist yet; '' stands for the whole log.
 */
export function allowsAll(grants: readonly Grant[], right: Right, prefix: string): boolean {
  return grants.some(
    ({ topics, rights }) =>
      rights.includes(right) && isPrefixPattern(topics) && startsWith(prefix, prefixOf(topics)),
  )
}

/**
 * The topics in which some grant gives one of the rights: no topic is in two of the patterns, and
 * patterns that no topic can match are left out.
 */
export function patternsOf(grants: readonly Grant[], rights: readonly Right[]): TopicPattern[] {
  const granted = grants.filter((grant) => grant.rights.some((right) => rights.includes(right)))
  const texts = [...new Set(granted.map(({ topics }) => topics))]
  const prefixes = texts.filter((text) => isPrefixPattern(text) && canMatch(text)).map(prefixOf)
  const widest = prefixes.filter((prefix) => {
    return !prefixes.some((other) => other !== prefix && prefix.startsWith(other))
  })
  const names = texts.filter((text) => {
    return !isPrefixPattern(text) && canMatch(text) && !widest.some((wide) => text.startsWith(wide))
  })
  return [...widest.map((prefix) => ({ prefix })), ...names.map((topic) => ({ topic }))]
}

function matches(pattern: string, topic: string): boolean {
  return isPrefixPattern(pattern) ? startsWith(topic, prefixOf(pattern)) : pattern === topic
}

/** Only the last character is special: elsewhere a `*` is a part of the name. */
function isPrefixPattern(pattern: string): boolean {
  return pattern.endsWith('*')
}

function prefixOf(pattern: string): string {
  return pattern.slice(0, -1)
}

/** As it is for the bytes of names: half a character is not the beginning of a whole one. */
function startsWith(topic: string, prefix: string): boolean {
  return topic.startsWith(prefix) && !/[\ud800-\udbff]$/.test(prefix)
}

function canMatch(pattern: string): boolean {
  const name = isPrefixPattern(pattern) ? prefixOf(pattern) : pattern
  if (name === '') return isPrefixPattern(pattern)
  try {
    nameBytes('topic', name)
    return true
  } catch {
    return false
  }
}
