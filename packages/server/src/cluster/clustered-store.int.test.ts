// A member whose disk fails, and the log that is served all the while.
import { join } from 'node:path'
import {
  ClusterMember,
  CoordinatorMemory,
  type ReplicaListener,
  StaticDiscovery,
} from '@goethe/cluster'
import { GoetheError, systemClock } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { expect, test } from 'vitest'
import { tempFolder } from '../../tests-support/temp-folder.js'
import { createLogger } from '../log-writer.js'
import { levelOptions } from '../open-store.js'
import { ClusteredStore } from './clustered-store.js'

/**
 * The store of a cluster's only member, whose opening fails with these errors, one each time, and
 * which refuses its first writes with the others.
 */
async function openStore(folder: string, failures: Error[], refusals: Error[] = []) {
  const memory = new CoordinatorMemory()
  const opened: ReplicaListener[] = []
  const logger = createLogger({ level: 'error', format: 'json' }, { write: () => undefined })
  const store = await ClusteredStore.open({
    open: async (listener) => {
      const failure = opened.length > 0 ? failures.shift() : undefined
      if (failure !== undefined) throw failure
      const member = await ClusterMember.open({
        directory: join(folder, 'goethe-0'),
        database: (path) => new ClassicLevel(path, levelOptions),
        member: 'goethe-0',
        address: 'goethe-0.test:1337',
        peers: { host: '127.0.0.1', port: 0 },
        security: { secrets: ['the secret of one'] },
        minInSync: 1,
        coordinator: memory.coordinator(),
        discovery: new StaticDiscovery(['goethe-0=127.0.0.1:1339']),
        listener,
        onProblem: () => undefined,
      })
      opened.push(listener)
      return refusing(member, refusals)
    },
    logOptions: {},
    guard: { hasRoom: true, reason: undefined, refusal: () => undefined },
    admission: { bytes: () => () => undefined },
    forward: true,
    logger,
    clock: systemClock(),
    retryDelayMs: 100,
  })
  return { store, opened }
}

function refusing(member: ClusterMember, refusals: Error[]): ClusterMember {
  const propose = member.replication.propose.bind(member.replication)
  member.replication.propose = (operations) => {
    const refusal = refusals.shift()
    return refusal === undefined ? propose(operations) : Promise.reject(refusal)
  }
  return member
}

const isOpen = (store: ClusteredStore) => expect.poll(() => store.state.type).toBe('open')

test('a member whose disk goes on failing is opened once it works', async () => {
  await using folder = await tempFolder()
  const failures = [new Error('IO error: Input/output error'), new Error('IO error: once more')]
  const { store, opened } = await openStore(folder.path, failures)
  try {
    await isOpen(store)
    await store.log.append('orders', Buffer.from('first'))
    opened[0]!.onHalt('the journal could not be written', true)
    for (let times = 0; times < 2; times++) {
      await store.recover()
      expect(store.state.type).toBe('failed')
    }
    await store.recover()
    await isOpen(store)
    expect(await store.log.read('orders').toArray()).toHaveLength(1)
  } finally {
    await store.close(0)
  }
})

test('a leader whose log could not be made is asked again', async () => {
  await using folder = await tempFolder()
  const refusals = [new GoetheError('GOETHE_UNAVAILABLE', 'goethe-1 does not acknowledge')]
  const { store } = await openStore(folder.path, [], refusals)
  try {
    await expect.poll(() => refusals).toHaveLength(0)
    await store.recover()
    expect(store.state.type).toBe('open')
    await store.log.append('orders', Buffer.from('first'))
  } finally {
    await store.close(0)
  }
})

test('a member is opened again once, however often it is asked for meanwhile', async () => {
  await using folder = await tempFolder()
  const { store, opened } = await openStore(folder.path, [])
  try {
    opened[0]!.onHalt('the journal could not be written', true)
    await Promise.all([store.recover(), store.recover(), store.recover()])
    expect(opened).toHaveLength(2)
  } finally {
    await store.close(0)
  }
})

test('a member whose disk turns out to be damaged is left alone', async () => {
  await using folder = await tempFolder()
  const failures = [new GoetheError('GOETHE_CORRUPT', 'The journal is damaged')]
  const { store, opened } = await openStore(folder.path, failures)
  try {
    opened[0]!.onHalt('the journal could not be written', true)
    await store.recover()
    await store.recover()
    expect(opened).toHaveLength(1)
    expect(store.state.type).toBe('failed')
  } finally {
    await store.close(0)
  }
})

test('a log takes no writes any more once its member has led anew', async () => {
  await using folder = await tempFolder()
  const { store, opened } = await openStore(folder.path, [])
  try {
    await isOpen(store)
    await store.log.append('orders', Buffer.from('first'))
    const late = store.log.append('orders', Buffer.from('on what another leader has changed'))
    // Before it sets out, somebody else has led, and this member again.
    opened[0]!.onFollow()
    opened[0]!.onLead(3)
    await expect(late).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    await isOpen(store)
    expect(await store.log.read('orders').toArray()).toHaveLength(1)
    await store.log.append('orders', Buffer.from('second'))
  } finally {
    await store.close(0)
  }
})

test('an import goes on while it is looked whether the log has failed', async () => {
  await using folder = await tempFolder()
  await using other = await tempFolder()
  const chunks: Uint8Array[] = []
  const from = await openStore(other.path, [])
  try {
    await isOpen(from.store)
    await from.store.log.append('orders', Buffer.from('first'))
    await from.store.log.exportTo((chunk: Uint8Array) => void chunks.push(chunk.slice()))
  } finally {
    await from.store.close(0)
  }
  const { store } = await openStore(folder.path, [])
  async function* looking(bytes: Buffer) {
    for (const [index] of bytes.entries()) {
      yield bytes.subarray(index, index + 1)
      await store.recover()
    }
  }
  try {
    await isOpen(store)
    const { events } = await store.log.importFrom(looking(Buffer.concat(chunks)))
    expect(events).toBe(1)
    await store.log.append('orders', Buffer.from('second'))
    expect(await store.log.read('orders').toArray()).toHaveLength(2)
  } finally {
    await store.close(0)
  }
})
