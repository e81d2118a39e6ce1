import type { ConsistencyOptions, EventLogApi, TopicSelector } from '@goethe/core'

/**
 * Throws GOETHE_TOPIC_NOT_FOUND where one topic is named that is not there. For commands that have
 * found nothing: silence would hide a misspelt name.
 */
export async function checkNamedTopic(
  log: EventLogApi,
  topics: TopicSelector,
  { consistency }: ConsistencyOptions = {},
): Promise<void> {
  if (typeof topics === 'string' && topics !== '*') await log.describe(topics, { consistency })
}
