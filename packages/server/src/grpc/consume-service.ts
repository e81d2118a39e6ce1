/** Consume: one stream is one instance of a consumer. */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import {
  type ConsumeCommand,
  type ConsumeReport,
  messages,
  positionFromMessage,
} from '@goethe/protocol'
import type { ConsumerOptions } from '@goethe/core'
import { notEmpty } from './append-service.js'
import { type StreamCall, write } from './grpc-stream.js'
import { incoming } from './incoming.js'
import type { RemoteConsumers } from './remote-consumers.js'

export async function consume(
  consumers: RemoteConsumers,
  call: StreamCall,
  stream: ServerDuplexStream<ConsumeCommand, ConsumeReport>,
): Promise<void> {
  const commands = incoming<ConsumeCommand>(stream, call.signal)
  const first = await commands.next()
  if (first.done === true) return
  const open = notEmpty(first.value.open, 'What to consume (the first message has to open)')
  const consumer =
    consumers.find(open.instance, open, call.identity) ??
    consumers.add(
      call.log.consumer(open.topic, open.consumer, optionsOf(open)),
      open,
      call.identity,
    )
  const send = (report: ConsumeReport): Promise<void> => write(stream, report, call.signal)
  const failed = consumer.attach(send, open.received)
  let ended = false
  const take = async (): Promise<void> => {
    consumer.command(first.value)
    for (let next = await commands.next(); next.done !== true; next = await commands.next()) {
      consumer.command(next.value)
      if (next.value.open !== undefined) consumer.leave(next.value.open.received)
      await consumer.heard()
    }
    // Who ends the stream has finished; who breaks it off may come back.
    ended = true
    await consumer.settled()
  }
  try {
    await Promise.race([take(), failed])
  } finally {
    // Once the instance goes on in another connection, this one has no say in it.
    if (consumer.isAttached(send)) {
      const isOver = ended || consumer.hasFailed || call.context.stopping.aborted
      if (isOver) await consumers.remove(consumer)
      else consumer.detach(() => void consumers.remove(consumer))
    }
  }
}

/** Zero and empty mean that nothing was said. */
function optionsOf(open: messages.ConsumeOpen): ConsumerOptions {
  const { from, maxInFlight, ackTimeoutMs, maxAttempts, deadLetter } = open
  const start = positionFromMessage(from) as ConsumerOptions['from']
  return {
    ...(start !== undefined && { from: start }),
    ...(maxInFlight > 0 && { maxInFlight }),
    ...(ackTimeoutMs > 0n && { ackTimeoutMs: Number(ackTimeoutMs) }),
    ...(maxAttempts > 0n && { maxAttempts: Number(maxAttempts) }),
    ...(deadLetter !== '' && { deadLetter }),
  }
}
