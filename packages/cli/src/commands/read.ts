import type { LogEvent, ReadOptions } from '@goethe/core'
import { Command } from 'commander'
import { dataOption, parseIdOrDate, parseLimit, parsePosition } from '../arguments.js'
import { Output } from '../output.js'
import { escapeControls, showPayload, textOf } from '../payload.js'
import { withLog } from '../with-log.js'

interface Options extends Pick<ReadOptions, 'from' | 'to' | 'limit' | 'reverse'> {
  data: string
  json?: true
  payloads?: true
}

export function readCommand(): Command {
  return new Command('read')
    .description("Print the events of a topic, or of all topics ('*'), one a line.")
    .argument('<topic>', "the topic, or '*'")
    .addOption(dataOption())
    .option(
      '-f, --from <position>',
      'begin at: start, end, a date, an id or a sequence; the nearest event counts',
      parsePosition,
    )
    .option('-t, --to <position>', 'read up to here: a date or an id', parseIdOrDate)
    .option('-n, --limit <number>', 'at most so many events', parseLimit)
    .option('-r, --reverse', 'the newest first')
    .option('--json', 'a JSON object a line; payloads that are no text as payloadBase64')
    .option('--payloads', 'only the payloads, byte by byte (not on a terminal)')
    .action(async (topic: string, { data, json, payloads, ...options }: Options) => {
      const output = new Output()
      const print = json
        ? (event: LogEvent) => output.json(asJson(event))
        : payloads
          ? ({ payload }: LogEvent) =>
              output.line(output.isTerminal ? showPayload(payload) : payload)
          : (event: LogEvent) => output.line(asText(event, topic === '*'))
      await withLog(data, { create: false }, async (log) => {
        for await (const event of log.read(topic, options)) {
          await print(event)
          if (output.closed) return
        }
      })
    })
}

function asText(event: LogEvent, withTopic: boolean): string {
  const topic = withTopic ? `${escapeControls(event.topic)} ` : ''
  return `${event.time.toISOString()} ${topic}#${event.sequence} ${showPayload(event.payload)}`
}

function asJson({ topic, id, sequence, time, payload }: LogEvent): object {
  const text = textOf(payload)
  return {
    topic,
    // As text, since a JSON number would lose its last digits.
    id: String(id),
    sequence,
    time: time.toISOString(),
    ...(text === undefined
      ? { payloadBase64: Buffer.from(payload).toString('base64') }
      : { payload: text }),
  }
}
