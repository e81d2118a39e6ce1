import type { EventLog, Receipt } from '@goethe/core'
import { Command } from 'commander'
import { dataOption } from '../arguments.js'
import { linesOf } from '../lines.js'
import { Output } from '../output.js'
import { withLog } from '../with-log.js'

/** The log gathers them into few writes; more would only cost memory. */
const appendsInFlight = 4096

export function appendCommand(): Command {
  return new Command('append')
    .description(
      'Append an event to a topic. Without a payload, each line of standard input is an event.',
    )
    .argument('<topic>', 'the topic; it comes to be with its first event')
    .argument('[payload]', 'the payload, as text')
    .addOption(dataOption())
    .action(async (topic: string, payload: string | undefined, { data }: { data: string }) => {
      await withLog(data, { create: true }, async (log) => {
        const receipts =
          payload === undefined
            ? await appendLines(log, topic, process.stdin)
            : await appendOne(log, topic, payload)
        await new Output().line(describe(receipts))
      })
    })
}

/** What was appended, from the first to the last event. */
interface Appended {
  count: number
  first: Receipt | undefined
  last: Receipt | undefined
}

async function appendOne(log: EventLog, topic: string, payload: string): Promise<Appended> {
  const receipt = await log.append(topic, Buffer.from(payload))
  return { count: 1, first: receipt, last: receipt }
}

async function appendLines(
  log: EventLog,
  topic: string,
  input: AsyncIterable<Uint8Array>,
): Promise<Appended> {
  const appended: Appended = { count: 0, first: undefined, last: undefined }
  const inFlight = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const line of linesOf(input)) {
    if (failures.length > 0) break
    const append = log
      .append(topic, line)
      .then(
        (receipt) => {
          appended.count++
          appended.first ??= receipt
          appended.last = receipt
        },
        (error: unknown) => void failures.push(error),
      )
      .finally(() => inFlight.delete(append))
    inFlight.add(append)
    if (inFlight.size >= appendsInFlight) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  if (failures.length > 0) throw failures[0]
  return appended
}

function describe({ count, first, last }: Appended): string {
  if (first === undefined || last === undefined) return 'nothing to append'
  const sequences =
    count === 1 ? `#${first.firstSequence}` : `#${first.firstSequence} to #${last.lastSequence}`
  return `${count} ${count === 1 ? 'event' : 'events'} appended to ${first.topic}: ${sequences}, last id ${last.lastId}`
}
