import { status } from '@grpc/grpc-js'
import { type EventLog, GoetheError } from '@goethe/core'
import { type ClusterStatus, type Method, clusterMethods, create, messages } from '@goethe/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GrpcCaller, grpcCaller } from '../../tests-support/grpc-caller.js'
import { type TempFolder, tempFolder } from '../../tests-support/temp-folder.js'
import { testContext } from '../../tests-support/test-context.js'
import { startGrpc } from '../grpc/grpc-server.js'
import { startHttp } from '../http/http-server.js'
import { type Identity, everybody } from '../identity.js'
import { openStore } from '../open-store.js'
import type { ServedCluster } from '../served-cluster.js'
import type { Listener } from '../server-context.js'

const described: ClusterStatus = {
  member: 'goethe-0',
  clusterId: 'a cluster',
  role: 'leader',
  epoch: 3,
  leader: 'goethe-0',
  namedLeader: undefined,
  writable: true,
  minInSync: 2,
  inSync: ['goethe-0', 'goethe-1'],
  furthest: ['goethe-0'],
  summary: ['goethe-0 leads.', 'Writable.', 'goethe-1 is unhealthy: /data/journal: EIO.'],
  members: [
    {
      member: 'goethe-0',
      role: 'leader',
      health: 'serving',
      reason: undefined,
      inSync: true,
      epoch: 3,
      lastLsn: 7,
      lastEpoch: 3,
      commitLsn: 7,
      behind: 0,
      silentMs: 0,
      suspected: false,
      address: 'goethe-0:1337',
      url: undefined,
    },
  ],
}

/** What the cluster was asked to do. */
const asked: string[] = []

const cluster: ServedCluster = {
  state: undefined,
  counters: undefined,
  status: () => described,
  handOver: async (epoch) => void asked.push(`hand over ${epoch}`),
  removeMember: async (member) => void asked.push(`remove ${member}`),
  addMember: async (member) => void asked.push(`add ${member}`),
  setMinInSync: async (minInSync) => void asked.push(`need ${minInSync}`),
  recover: async () => void asked.push('recover'),
}

const reader: Identity = { name: 'reader', grants: [{ topics: '*', rights: ['read'] }] }

let folder: TempFolder
let log: EventLog
let listeners: Listener[]
let url: string
let admin: GrpcCaller
let stranger: GrpcCaller

beforeAll(async () => {
  folder = await tempFolder()
  log = await openStore(folder.path)
  const context = testContext(log, new AbortController().signal, {
    flags: { httpPort: 0 },
    context: {
      cluster,
      identify: ({ authorization }) => {
        if (authorization === 'Bearer admin') return Promise.resolve(everybody)
        if (authorization === 'Bearer reader') return Promise.resolve(reader)
        return Promise.reject(new GoetheError('GOETHE_UNAUTHENTICATED', 'Who are you?'))
      },
    },
  })
  const grpc = await startGrpc(context)
  const http = await startHttp(context)
  listeners = [grpc, http]
  url = `http://127.0.0.1:${http.address.port}/cluster`
  admin = grpcCaller(grpc.address.port, { token: 'admin' })
  stranger = grpcCaller(grpc.address.port, { token: 'reader' })
})

afterAll(async () => {
  admin.close()
  stranger.close()
  await Promise.all(listeners.map((listener) => listener.stop(0)))
  await log.close()
  await folder[Symbol.asyncDispose]()
})

const ask = (caller: GrpcCaller, method: object, message: unknown) =>
  caller.ask(method as unknown as Method<never, never>, message)

const changes = [
  [clusterMethods.handOver, create(messages.HandOverRequestSchema, { epoch: 3n })],
  [clusterMethods.removeMember, create(messages.RemoveMemberRequestSchema, { member: 'goethe-1' })],
  [clusterMethods.addMember, create(messages.AddMemberRequestSchema, { member: 'goethe-1' })],
  [clusterMethods.setMinInSync, create(messages.SetMinInSyncRequestSchema, { minInSync: 3 })],
  [clusterMethods.recover, create(messages.RecoverRequestSchema)],
] as const

describe('the cluster', () => {
  test('is described to who is known, and each member to administrators alone', async () => {
    expect((await fetch(url)).status).toBe(401)
    const get = async (token: string) =>
      (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json()
    expect(await get('admin')).toEqual(JSON.parse(JSON.stringify(described)))
    const summary = described.summary.slice(0, 2)
    const shown = { ...described, summary, furthest: [], members: [] }
    expect(await get('reader')).toEqual(JSON.parse(JSON.stringify(shown)))
    const request = create(messages.DescribeClusterRequestSchema)
    const answer = await ask(stranger, clusterMethods.describeCluster, request)
    expect(answer.messages).toMatchObject([{ summary, furthest: [], members: [] }])
    const full = await ask(admin, clusterMethods.describeCluster, request)
    expect(full.messages).toMatchObject([{ members: [{ address: 'goethe-0:1337' }] }])
  })

  test('is changed by administrators alone', async () => {
    for (const [method, message] of changes) {
      expect((await ask(stranger, method, message)).code).toBe(status.PERMISSION_DENIED)
    }
    expect(asked).toEqual([])
    for (const [method, message] of changes) {
      expect((await ask(admin, method, message)).code).toBe(status.OK)
    }
    expect(asked).toEqual(['hand over 3', 'remove goethe-1', 'add goethe-1', 'need 3', 'recover'])
  })
})
