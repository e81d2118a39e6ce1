import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { openStore } from '@goethe/server'
import { beforeEach, describe, expect, test } from 'vitest'
import { type RunOptions, jsonLines, runGoethe } from '../tests-support/run-goethe.js'
import { temporaryFolder } from '../tests-support/temporary-folder.js'

let folder: string
let data: string

beforeEach(async () => {
  const { folder: made, remove } = await temporaryFolder()
  folder = made
  data = join(folder, 'log')
  return remove
})

test('no log is made among other files, nor is that advised', async () => {
  const options = { environment: { GOETHE_DATA: folder } }
  await writeFile(join(folder, 'thesis.txt'), '')
  const append = await runGoethe(['append', 'orders', 'Faust'], options)
  expect(append.code).toBe(1)
  expect(append.stderr).toContain(
    `goethe: The directory ${folder} holds other files, such as thesis`,
  )
  const read = await runGoethe(['read', 'orders'], options)
  expect(read.code).toBe(3)
  expect(read.stderr).toBe(`goethe: There is no log in ${folder} (GOETHE_INVALID_STORE)\n`)
  expect(await readdir(folder)).toEqual(['thesis.txt'])
})

describe('append', () => {
  test('several arguments are appended together', async () => {
    expect(await json('append', 'orders', 'Faust', 'Egmont')).toMatchObject([
      { topic: 'orders', count: 2, firstSequence: 1, lastSequence: 2, durability: 'fsync' },
    ])
  })

  test('a whole file is one event', async () => {
    await writeFile(join(folder, 'a'), 'x\ny\n')
    await goethe(['append', 'files', '--file', join(folder, 'a')])
    await goethe(['append', 'files', '--whole'], { input: 'p\nq' })
    expect(await payloads('files', '--separator', 'nul')).toBe('x\ny\n\0p\nq\0')
  })

  test('lines that are gzipped are unpacked', async () => {
    await goethe(['append', 'orders'], { input: gzipSync('Faust\nEgmont\n') })
    expect(await payloads('orders')).toBe('Faust\nEgmont\n')
  })

  test('damaged gzip is a sentence', async () => {
    const input = gzipSync('Faust\n'.repeat(1000)).subarray(0, 30)
    const { code, stderr } = await goethe(['append', 'orders'], { input })
    expect(code).toBe(1)
    expect(stderr).toContain('standard input is damaged or was cut off')
  })

  test('fields of lines name topic and time', async () => {
    const lines = [
      '{"to":"a","at":{"s":1767225600}}',
      '{"to":"b","at":{"s":"2026-01-02"}}',
      '{"at":{"s":1767398400000}}',
    ]
    const args = ['append', 'rest', '--topic-field', 'to', '--time-field', 'at.s']
    await goethe(args, { input: lines.join('\n') })
    expect(await json('read', '*')).toMatchObject([
      { topic: 'a', time: '2026-01-01T00:00:00.000Z', payload: lines[0] },
      { topic: 'b', time: '2026-01-02T00:00:00.000Z' },
      { topic: 'rest', time: '2026-01-03T00:00:00.000Z' },
    ])
  })

  test('a line without the field is named by its number', async () => {
    const input = '{"to":"a"}\n{"too":"b"}\n'
    const { code, stderr } = await goethe(['append', '--topic-field', 'to'], { input })
    expect(code).toBe(1)
    expect(stderr).toBe(
      "goethe: Line 2 of standard input has no topic: its field 'to' is not there\n",
    )
  })

  test('an expectation that is not met has its own exit code, and nothing is appended', async () => {
    await goethe(['append', 'account', 'opened', '--expect', 'empty'])
    const { code, stderr } = await goethe(['append', 'account', 'again', '--expect', 'empty'])
    expect(code).toBe(4)
    expect(stderr).toContain('(GOETHE_CONFLICT)')
    await goethe(['append', 'account', '--expect', '1'], { input: 'b\nc\n' })
    expect(await payloads('account')).toBe('opened\nb\nc\n')
  })

  test('nothing on standard input is nothing to append', async () => {
    expect(await goethe(['append', 'orders', '--text'])).toMatchObject({
      code: 0,
      stdout: 'nothing to append\n',
    })
  })

  test.each([
    [['append'], 'No topic is named'],
    [['append', 'a', 'b', '--time-field', 't'], 'are for lines'],
    [['append', 'a', 'b', '--lines', 'c'], 'choose one'],
    [['append', 'a', '--expect', 'soon'], "It should be 'empty'"],
    [['append', 'a', '--topic-field', 't', '--expect', '1'], '--expect is about one topic'],
    [['append', 'a', '--expect', '99999999999999999999'], "It should be an event's id"],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await goethe(args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('read', () => {
  beforeEach(fill)

  test('begins at a date, ends at a limit and goes in reverse', async () => {
    expect(await payloads('a', '--from', '2026-01-02')).toBe('a2\na3\n')
    expect(await payloads('a', '--from', 'seq:2', '--limit', '1')).toBe('a2\n')
    expect(await payloads('a', '--reverse', '--limit', '2')).toBe('a3\na2\n')
    expect(await payloads('*', '--to', '2026-01-02')).toBe('a1\nb1\n')
  })

  test('the tail is the last events in their order', async () => {
    expect(await payloads('a', '--tail', '2')).toBe('a2\na3\n')
    expect(await payloads('*', '--tail', '3')).toBe('b1\na2\na3\n')
  })

  test('a prefix is several topics', async () => {
    await goethe(['append', 'ab', 'ab1'])
    expect(await payloads('a*', '--tail', '2')).toBe('a3\nab1\n')
  })

  test('JSON keeps ids whole and bytes as Base64', async () => {
    const log = await openStore(data)
    await log.append('c', [Buffer.from('ü'), Buffer.from([0xff])], {
      time: 1_767_484_800_123_456_789n,
    })
    await log.close()
    const time = '2026-01-04T00:00:00.123Z'
    expect(await json('read', 'c')).toEqual([
      { topic: 'c', id: '1767484800123456789', sequence: 1, time, payload: 'ü' },
      { topic: 'c', id: '1767484800123456790', sequence: 2, time, payloadBase64: '/w==' },
    ])
  })

  test('on a terminal it is for people, elsewhere for programs', async () => {
    const people = await goethe(['read', 'a', '-n', '1'], { terminal: true })
    expect(plain(people.stdout)).toBe('2026-01-01T00:00:00.000Z #1 a1\n')
    expect(people.stdout).toContain('\u001b[')
    const colourless = { terminal: true, environment: { NO_COLOR: '1' } }
    const { stdout } = await goethe(['read', 'a', '-n', '1'], colourless)
    expect(stdout).toBe('2026-01-01T00:00:00.000Z #1 a1\n')
    expect(JSON.parse((await goethe(['read', 'a', '-n', '1'])).stdout)).toMatchObject({
      sequence: 1,
    })
  })

  test('raw bytes never reach a terminal', async () => {
    const log = await openStore(data)
    await log.append('c', Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d]))
    await log.close()
    const { stdout } = await goethe(['read', 'c', '-p', 'raw'], { terminal: true })
    expect(stdout).toBe('\\u001b[31m\n')
  })

  test.each(['read', 'export', 'cursors'])('%s does not find a misspelt topic', async (command) => {
    const { code, stderr } = await goethe([command, 'aa'])
    expect(code).toBe(3)
    expect(stderr).toContain('`goethe topics` lists what there is')
  })

  test('a date without events is no misspelt topic', async () => {
    expect(await goethe(['read', 'a', '--from', '2027'])).toMatchObject({ code: 2 })
    expect(await goethe(['read', 'a', '--from', '2027-01-01'])).toMatchObject({ code: 0 })
  })

  test('following ends with Ctrl-C', async () => {
    const run = await goethe(['read', 'a', '--follow'], { interruptAt: '"sequence":3' })
    expect(run).toMatchObject({ code: 130, stderr: '' })
  })
})

describe('what is there', () => {
  beforeEach(fill)

  test('topics are a table for people and objects for programs', async () => {
    expect((await goethe(['topics', '--text'])).stdout).toBe(
      `TOPIC  EVENTS  SIZE  FIRST                 LAST
a           3   6 B  2026-01-01T00:00:00Z  2026-01-03T00:00:00Z
b           1   2 B  2026-01-01T00:00:00Z  2026-01-01T00:00:00Z
`,
    )
    expect(await json('topics')).toMatchObject([
      { topic: 'a', count: 3, last: { id: '1767398400000000000' } },
      { topic: 'b' },
    ])
    expect((await goethe(['topics', '--names', '--prefix', 'b'])).stdout).toBe('b\n')
  })

  test('a topic is described', async () => {
    expect(await json('describe', 'a')).toMatchObject([
      { topic: 'a', count: 3, last: { sequence: 3 }, retention: null },
    ])
    const { stdout } = await goethe(['describe', 'a', '--text'])
    expect(stdout).toMatch(/^events +3$/m)
    expect(stdout).toMatch(/^retention +keeps everything$/m)
    expect(await goethe(['describe', 'c'])).toMatchObject({ code: 3 })
  })

  test('a histogram is drawn', async () => {
    expect((await goethe(['histogram', '*', '--interval', '1d', '--text'])).stdout).toMatch(
      /^2026-01-01 2 █{60}\n2026-01-02 1 █{30}\n2026-01-03 1 █{30}\n$/,
    )
    expect(await json('histogram', 'a', '-i', '1d', '--from', '2026-01-03')).toEqual([
      { start: '2026-01-03T00:00:00.000Z', count: 1, bytes: 2 },
    ])
  })

  test('seek shows the nearest event', async () => {
    expect(await json('seek', 'a', '2026-01-02T10:00')).toMatchObject([{ sequence: 3 }])
    const closest = await json('seek', 'a', '2026-01-02T10:00', '--nearest', 'closest')
    expect(closest).toMatchObject([{ sequence: 2 }])
    expect(await goethe(['seek', 'a', '2027-01-01'])).toMatchObject({ code: 3 })
  })

  test('verify finds nothing in a sound log, and fails with what it finds in a damaged one', async () => {
    expect(await json('verify')).toMatchObject([{ type: 'result', problems: 0 }])
    await damage()
    const { code, stdout, stderr } = await goethe(['verify', '--text'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^events of a: The block cannot be read: .*\(key [0-9a-f]+\)$/m)
    expect(stderr).toMatch(/^goethe: \d+ problems? in \d+ entries$/m)
    const doctor = await goethe(['doctor', '--text'])
    expect(doctor.code).toBe(1)
    expect(doctor.stdout).toMatch(/^✗ events .*GOETHE_CORRUPT/m)
  })
})

describe('consumers', () => {
  beforeEach(fill)

  test('what was consumed is acknowledged, and the rest comes next time', async () => {
    const first = await json('consume', 'a', '-c', 'billing', '--limit', '2')
    expect(first).toMatchObject([
      { sequence: 1, payload: 'a1', attempt: 1 },
      { sequence: 2, payload: 'a2', attempt: 1 },
    ])
    const rest = await json('consume', 'a', '-c', 'billing', '--drain')
    expect(rest).toMatchObject([{ sequence: 3, payload: 'a3' }])
    expect(await json('consume', 'a', '-c', 'billing', '--drain')).toEqual([])
    expect(await json('cursors')).toMatchObject([
      { topic: 'a', consumer: 'billing', sequence: 3, lag: 0, hold: false },
    ])
    expect((await goethe(['cursors', 'a', '--text'])).stdout).toMatch(/^a +billing +#3 +0 /m)
  })

  test('waiting for events ends with Ctrl-C', async () => {
    const run = await goethe(['consume', 'a', '-c', 'x'], { interruptAt: '"sequence":3' })
    expect(run).toMatchObject({ code: 130, stderr: '' })
  })

  test('a command gets the payload and the environment', async () => {
    const file = join(folder, 'out')
    const command = `cat >> ${file}; echo " $GOETHE_TOPIC $GOETHE_SEQUENCE $GOETHE_ATTEMPT" >> ${file}`
    await goethe(['consume', 'a', '-c', 'x', '--drain', '--exec', command])
    expect(await readFile(file, 'utf8')).toBe('a1 a 1 1\na2 a 2 1\na3 a 3 1\n')
  })

  test('a command that fails is tried again, and then the event is set aside', async () => {
    const file = join(folder, 'out')
    const command = `echo $GOETHE_SEQUENCE.$GOETHE_ATTEMPT >> ${file}; test $GOETHE_SEQUENCE != 2`
    const { code, stderr } = await goethe([
      ...['consume', 'a', '-c', 'x', '--drain', '--retry-delay', '1ms', '--exec', command],
      ...['--max-attempts', '2', '--dead-letter', 'failed'],
    ])
    expect(code).toBe(0)
    expect(stderr).toBe(
      'goethe: Event #2, attempt 1: the command ended with exit code 1; it comes again after 1 ms\n' +
        'goethe: Event #2, attempt 2: the command ended with exit code 1; that was the last attempt, ' +
        'it goes to failed\n',
    )
    expect((await readFile(file, 'utf8')).split('\n').toSorted()).toEqual([
      '',
      '1.1',
      '2.1',
      '2.2',
      '3.1',
    ])
    expect(await payloads('failed')).toBe('a2\n')
  })

  test('several commands run at a time', async () => {
    // Each waits until the other has begun.
    const command = `touch ${folder}/$GOETHE_SEQUENCE; until test -e ${folder}/1 -a -e ${folder}/2; do :; done`
    const args = ['consume', 'a', '-c', 'x', '--parallel', '2', '--limit', '2', '--exec', command]
    expect(await goethe(args)).toMatchObject({ code: 0 })
  })

  test('seek moves a consumer, and delete forgets it', async () => {
    await goethe(['consume', 'a', '-c', 'x', '--drain'])
    const moved = await json('seek', 'a', '2026-01-02', '--consumer', 'x', '--hold')
    expect(moved).toMatchObject([{ consumer: 'x', next: { sequence: 2 } }])
    expect(await json('cursors')).toMatchObject([{ sequence: 1, lag: 2, hold: true }])
    await goethe(['delete', 'a', '--consumer', 'x', '--yes'])
    expect(await json('cursors')).toEqual([])
    expect(await goethe(['delete', 'a', '-c', 'x', '--yes'])).toMatchObject({ code: 3 })
  })
})

describe('keeping and removing', () => {
  beforeEach(fill)

  test('trim tells before it does', async () => {
    expect(await json('trim', 'a', '--before', '2026-01-03', '--dry-run')).toEqual([
      { topic: 'a', wouldRemove: 2 },
    ])
    const unasked = await goethe(['trim', 'a', '--before', 'seq:3'])
    expect(unasked.code).toBe(2)
    expect(unasked.stderr).toContain('Remove 2 events of a for good? Nobody is here to answer')
    expect(await json('trim', 'a', '--before', 'seq:3', '--yes')).toMatchObject([{ count: 2 }])
    expect(await payloads('a')).toBe('a3\n')
  })

  test('on a terminal it asks', async () => {
    const no = await goethe(['trim', 'a', '-b', '3'], { terminal: true, input: 'n\n' })
    expect(no.code).toBe(1)
    const yes = await goethe(['trim', 'a', '-b', '3'], { terminal: true, input: 'y\n' })
    expect(yes).toMatchObject({ code: 0, stdout: '2 events of a removed\n' })
  })

  test('retention is shown, set and cleared', async () => {
    const retention = async (...args: string[]) =>
      (await goethe(['retention', 'a', ...args, '--text'])).stdout
    expect(await retention()).toBe('a keeps everything\n')
    expect(await retention('--age', '7d', '--size', '10GB')).toBe(
      'a keeps events of the last 7d and within the newest 10.0 GB\n',
    )
    expect(await json('retention', 'a')).toEqual([
      { topic: 'a', retention: { ageMs: 604_800_000, bytes: 10_000_000_000 } },
    ])
    expect(await retention('--clear')).toBe('a keeps everything\n')
  })

  test('a topic is deleted', async () => {
    expect(await goethe(['delete', 'b', '--yes'])).toMatchObject({ code: 0 })
    expect((await goethe(['topics', '--names'])).stdout).toBe('a\n')
    expect(await goethe(['delete', 'b', '--yes'])).toMatchObject({ code: 3 })
  })
})

describe('bench', () => {
  test('it measures, and leaves nothing behind', async () => {
    await fill()
    const results = await json('bench', '--events', '500', '--batch', '50')
    expect(results.map(({ phase }) => phase)).toEqual([
      'lone appends',
      'appends under way together',
      'bulk appends',
      'read',
    ])
    expect((await goethe(['topics', '--names'])).stdout).toBe('a\nb\n')
  })
})

describe('doctor', () => {
  test('a sound log is all right', async () => {
    await fill()
    const { code, stdout } = await goethe(['doctor', '--text'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ events +8 of its first and last events/m)
  })

  test('a directory that is not there is told with what to do', async () => {
    const { code, stdout } = await goethe(['doctor', '--text'])
    expect(code).toBe(1)
    expect(stdout).toContain(`There is no directory ${data}.`)
    expect(stdout).toContain('→ Look for a misspelling')
  })
})

describe('token', () => {
  test('it prints the token alone, and what the server needs beside it', async () => {
    const { stdout, stderr } = await goethe(['token', '--text', '--grant', 'read:orders'])
    expect(stdout).toMatch(/^goethe_[\w-]{43}\n$/)
    expect(stderr).toMatch(/sha256: [0-9a-f]{64}/)
    expect(stderr).toContain('- { topics: "orders", rights: [read] }')
    expect(stderr).not.toContain(stdout.trim())
  })

  test('a right that is none is refused', async () => {
    expect(await goethe(['token', '--grant', 'write:orders'])).toMatchObject({ code: 2 })
  })
})

async function fill(): Promise<void> {
  const log = await openStore(data)
  for (const [topic, text, time] of [
    ['a', 'a1', '2026-01-01'],
    ['b', 'b1', '2026-01-01'],
    ['a', 'a2', '2026-01-02'],
    ['a', 'a3', '2026-01-03'],
  ] as const) {
    await log.append(topic, Buffer.from(text), { time: new Date(time) })
  }
  await log.close()
}

/** Flips a bit of the payload `a1` in whichever file of LevelDB holds it. */
async function damage(): Promise<void> {
  for (const name of await readdir(data)) {
    const path = join(data, name)
    const bytes = await readFile(path)
    const at = bytes.indexOf('*\u0002a1')
    if (at === -1 || !name.endsWith('.ldb')) continue
    bytes.writeUInt8(bytes.readUInt8(at + 2) ^ 1, at + 2)
    await writeFile(path, bytes)
  }
}

function goethe(args: readonly string[], options: RunOptions = {}) {
  const environment = { ...process.env, ...options.environment, GOETHE_DATA: data }
  return runGoethe(args, { ...options, environment })
}

async function json(...args: string[]): Promise<Record<string, unknown>[]> {
  return jsonLines((await goethe(args)).stdout)
}

async function payloads(...args: string[]): Promise<string> {
  return (await goethe(['read', ...args, '--payload', 'raw'])).stdout
}

function plain(text: string): string {
  return text.replaceAll(/\u001b\[\d+m/g, '')
}
