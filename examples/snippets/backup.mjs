import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

const log = await EventLog.open(new MemoryLevel())
await log.append('sales', [bytes(1), bytes(2)])
const copy = await EventLog.open(new MemoryLevel())

//#region
import { createReadStream, createWriteStream } from 'node:fs'
import { Writable } from 'node:stream'

// A checksummed copy of one moment; the log goes on meanwhile.
const sink = Writable.toWeb(createWriteStream('backup.goethe'))
const { lastId, events } = await log.exportTo(sink)
console.log(events, 'events saved') //=> 2 events saved

// Later only what is new: log.exportTo(sink, { after: lastId })

// Into an empty log, ids and sequences as they were.
await copy.importFrom(createReadStream('backup.goethe'))
console.log(copy.status().lastId === lastId) //=> true

// Does everything that is stored still fit together?
for await (const step of copy.verify()) {
  if (step.type === 'problem') console.error(step.keyspace, step.topic, step.message)
}
//#endregion
