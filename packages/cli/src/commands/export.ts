import { once } from 'node:events'
import type { Position, TopicSelector } from '@goethe/core'
import type { Command } from 'commander'
import { createGzip } from 'node:zlib'
import { countEvents } from '../all-topics.js'
import { eventFields } from '../event-view.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { checkNamedTopic } from '../named-topic.js'
import { NewFile } from '../new-file.js'
import { withLog } from '../open-log.js'
import { jsonLine } from '../output.js'
import { idOrTimeParser, parseSelector, positionHelp, positionParser } from '../position.js'
import { plural } from '../quantity.js'
import { Progress } from '../progress.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  output?: string
  from?: Position
  to?: bigint | Date
}

/** Takes lines, and has them where they belong when it is finished. */
interface LineSink {
  write(lines: string): Promise<void>
  finish(): Promise<void>
  close(): Promise<void>
}

export function exportCommand(shell: Shell): Command {
  const command = logCommand('export', 'Write events as JSON lines, for other programs.')
    .argument('[topics]', "a topic, 'prefix*', or '*' for all", parseSelector, '*')
    .option('-o, --output <file>', 'to this file; packed where it ends with .gz')
    .option('-f, --from <position>', 'begin here (default: start)', positionParser())
    .option('-t, --to <position>', 'up to here: a time or an id', idOrTimeParser())
    .action(async (topics: TopicSelector, options: Options) => {
      const { output, notes, signal } = shell
      const { from, to } = options
      await withLog(shell, options, { create: false }, async (log) => {
        const isAll = topics === '*' && from === undefined && to === undefined
        // A bar among the events would garble both.
        const hasBar = notes.isTerminal && (options.output !== undefined || !output.isTerminal)
        const total = hasBar && isAll ? await countEvents(log) : undefined
        const progress = hasBar
          ? new Progress(shell, { title: 'Exporting', unit: 'events', total })
          : undefined
        const sink = await sinkOf(shell, options.output)
        let events = 0
        try {
          for await (const batch of log.read(topics, { from, to, signal }).batches()) {
            await sink.write(batch.map((event) => jsonLine(eventFields(event, 'auto'))).join(''))
            events += batch.length
            progress?.update(events)
            signal.throwIfAborted()
          }
          // Before the file is there under its name.
          if (events === 0) await checkNamedTopic(log, topics)
          await sink.finish()
        } finally {
          progress?.stop()
          await sink.close()
        }
        if (options.output === undefined) return
        if (isJson(options, output)) return output.json({ events, file: options.output })
        await output.line(`${plural(events, 'event')} written to ${options.output}`)
      })
    })
  return withManual(command, {
    details: [
      `Each line is an object with topic, id (as text), sequence, time, and payload or, where that is
no text, payloadBase64: the same as goethe read --json. goethe import brings it back. For a copy of
the log with all that belongs to it, use goethe backup, which is also faster.`,
      positionHelp,
    ],
    examples: [
      ['goethe export -o all.ndjson.gz', 'all events'],
      ['goethe export orders --from 2026-01-01 | jq -r .payload', 'some, for another program'],
      ['goethe export orders | goethe import --server goethe://other:1337', 'to another log'],
    ],
  })
}

async function sinkOf({ output }: Shell, path: string | undefined): Promise<LineSink> {
  if (path === undefined) {
    const nothing = (): Promise<void> => Promise.resolve()
    return { write: (lines) => output.write(lines), finish: nothing, close: nothing }
  }
  const file = await NewFile.create(path)
  return path.endsWith('.gz') ? packed(file, path) : plain(file, path)
}

function plain(file: NewFile, path: string): LineSink {
  return {
    write: (lines) => file.write(Buffer.from(lines)),
    finish: () => file.finish(path),
    close: () => file.close(),
  }
}

function packed(file: NewFile, path: string): LineSink {
  const gzip = createGzip()
  const written = (async () => {
    for await (const chunk of gzip as AsyncIterable<Uint8Array>) await file.write(chunk)
  })()
  // Whoever writes or finishes is told.
  written.catch((error: Error) => gzip.destroy(error))
  return {
    write: async (lines) => {
      if (!gzip.write(lines)) await Promise.race([once(gzip, 'drain'), written])
    },
    finish: async () => {
      gzip.end()
      await written
      await file.finish(path)
    },
    close: async () => {
      gzip.destroy()
      await written.catch(() => undefined)
      await file.close()
    },
  }
}
