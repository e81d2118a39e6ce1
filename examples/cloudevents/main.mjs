import { EventLog } from '@goethe/core'
import { CloudEvent } from 'cloudevents'
import { MemoryLevel } from 'memory-level'
import { fromEvent, toPayload, topicOf } from './cloud-events.mjs'

const log = await EventLog.open(new MemoryLevel())

for (const celsius of [19.5, 20.1]) {
  const event = new CloudEvent({
    source: 'https://example.com/sensors/7',
    type: 'com.example.temperature',
    subject: 'attic',
    data: { celsius },
  })
  await log.append(topicOf(event), toPayload(event))
}

for await (const event of log.read('com.example.temperature')) {
  const { source, subject, data } = fromEvent(event)
  console.log(`#${event.sequence} ${source} ${subject}: ${data.celsius} °C`)
}
await log.close()
