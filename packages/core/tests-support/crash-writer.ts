/**
 * A program that works with a log until it is killed. What the log acknowledges it notes in a file
 * (descriptor 3), whose writes outlive the program, and tells on standard output that it goes on.
 *
 *     node crash-writer.mjs <folder> <seed> <round> <producer to repeat> <its sequence>
 */
import { writeSync } from 'node:fs'
import { ClassicLevel } from 'classic-level'
import { EventLog, type Receipt } from '../src/index.js'
import { type CrashPayload, type Note, consumedTopic, projectedTopic } from './crash-notes.js'
import { Random } from './random.js'

const [folder, seed, round, repeatId, repeatSequence] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const random = new Random(Number(seed))
const level = new ClassicLevel(folder, { writeBufferSize: 64 * 1024 })
const log = await EventLog.open(level, { durability: random.pick(['os', 'fsync'] as const) })
const projection = level.sublevel<string, number>('projection', { valueEncoding: 'json' })

const lastProduced = new Map<string, number>()

void project()
void consume()
for (const writer of [0, 1, 2, 3]) void write(writer)

async function write(writer: number): Promise<void> {
  const producer = `${round}.${writer}`
  if (writer === 0 && repeatId !== '') await produce(repeatId, Number(repeatSequence))
  for (let count = 1; ; count++) {
    const id = `${producer}.${count}`
    const kind = random.int(0, 4)
    if (kind === 0) await append(id, `writer.${writer}`, 1)
    else if (kind === 1) await append(id, `writer.${writer}`, random.int(2, 50))
    else if (kind === 2) await append(id, random.pick(['shared.a', 'shared.b']), random.int(1, 3))
    else if (kind === 3) await appendBoth(id)
    else await produce(producer, produced(producer))
  }
}

async function append(id: string, topic: string, count: number): Promise<void> {
  note(id, [await log.append(topic, payloads(id, count, [topic]))])
}

async function appendBoth(id: string): Promise<void> {
  const topics = ['shared.a', 'shared.b']
  const parts = topics.map((topic) => ({ topic, payloads: payloads(id, 2, topics) }))
  note(id, await log.appendAll(parts))
}

function produced(producer: string): number {
  const next = (lastProduced.get(producer) ?? 0) + 1
  lastProduced.set(producer, next)
  return next
}

async function produce(producer: string, sequence: number): Promise<void> {
  const id = `producer ${producer}.${sequence}`
  line({ type: 'producer', id: producer, sequence })
  const options = { producer: { id: producer, sequence } }
  note(id, [await log.append('produced', payloads(id, 2, ['produced']), options)])
}

/** Counts the events of a topic, in the same batch as the cursor. */
async function project(): Promise<void> {
  const cursor = log.cursor(projectedTopic, 'projection')
  for await (const event of cursor.read({ follow: true })) {
    const count = ((await projection.get('count')) ?? 0) + 1
    await cursor.commit(event, {
      operations: [{ type: 'put', sublevel: projection, key: 'count', value: count }],
    })
    line({ type: 'projected', sequence: event.sequence })
  }
}

async function consume(): Promise<void> {
  for await (const { event, ack } of log.consumer(consumedTopic, 'worker')) {
    if (random.chance(0.05)) continue
    void ack().then(() => {
      line({ type: 'acknowledged', sequence: event.sequence })
    })
  }
}

function payloads(id: string, of: number, topics: string[]): Uint8Array[] {
  return Array.from({ length: of }, (_, index) =>
    Buffer.from(JSON.stringify({ id, index, of, topics } satisfies CrashPayload)),
  )
}

function note(id: string, receipts: readonly Receipt[]): void {
  for (const { topic, firstId, firstSequence, count } of receipts) {
    line({ type: 'receipt', id, topic, firstId: String(firstId), firstSequence, count })
  }
  process.stdout.write('.')
}

function line(content: Note): void {
  writeSync(3, `${JSON.stringify(content)}\n`)
}
