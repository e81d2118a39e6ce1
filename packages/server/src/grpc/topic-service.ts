/** The calls about topics. */
import type { HistogramOptions, TrimOptions } from '@goethe/core'
import {
  create,
  bucketToMessage,
  consistencyFromMessage,
  messages,
  positionFromMessage,
  retentionFromMessage,
  selectorFromMessage,
  topicToMessage,
  trimToMessage,
} from '@goethe/protocol'
import { notEmpty } from './append-service.js'
import type { Call } from './grpc-call.js'

export async function listTopics(
  { log }: Pick<Call, 'log'>,
  { prefix, after, limit }: messages.ListTopicsRequest,
): Promise<messages.ListTopicsResponse> {
  const topics = await log.topics({
    prefix,
    ...(after !== '' && { after }),
    ...(limit > 0 && { limit }),
  })
  return create(messages.ListTopicsResponseSchema, { topics })
}

export async function describeTopic(
  { log }: Pick<Call, 'log'>,
  { topic, consistency }: messages.DescribeTopicRequest,
): Promise<messages.DescribeTopicResponse> {
  const options = { consistency: consistencyFromMessage(consistency) }
  return topicToMessage(await log.describe(topic, options))
}

export async function histogram(
  { log }: Pick<Call, 'log'>,
  { topics, from, to, interval }: messages.HistogramRequest,
): Promise<messages.HistogramResponse> {
  const buckets = await log.histogram(
    notEmpty(selectorFromMessage(topics), 'Which topics to count'),
    {
      from,
      to,
      ...(interval !== '' && { interval: interval as NonNullable<HistogramOptions['interval']> }),
    },
  )
  return create(messages.HistogramResponseSchema, { buckets: buckets.map(bucketToMessage) })
}

export async function setRetention(
  { log }: Pick<Call, 'log'>,
  { topic, retention }: messages.SetRetentionRequest,
): Promise<messages.SetRetentionResponse> {
  await log.setRetention(topic, retentionFromMessage(retention))
  return create(messages.SetRetentionResponseSchema)
}

export async function trimTopic(
  { log }: Pick<Call, 'log'>,
  { topic, before }: messages.TrimTopicRequest,
): Promise<messages.TrimTopicResponse> {
  const at = notEmpty(positionFromMessage(before), 'Before what to trim')
  return trimToMessage(await log.trim(topic, { before: at as TrimOptions['before'] }))
}

export async function deleteTopic(
  { log }: Pick<Call, 'log'>,
  { topic }: messages.DeleteTopicRequest,
): Promise<messages.DeleteTopicResponse> {
  await log.deleteTopic(topic)
  return create(messages.DeleteTopicResponseSchema)
}
