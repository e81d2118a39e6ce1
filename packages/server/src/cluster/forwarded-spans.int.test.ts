// One trace of what is asked of a follower and done by the leader.
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ClusteredStores } from '../../tests-support/clustered-stores.js'
import type { ServedLog } from '../served-log.js'
import { Tracing } from '../tracing.js'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const contexts = new AsyncLocalStorageContextManager()

let cluster: ClusteredStores
let log: ServedLog

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(contexts.enable())
  cluster = await ClusteredStores.start()
  log = cluster.stores.get(cluster.followers[0]!)!.forwardingLog!
})

afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  context.disable()
  trace.disable()
})

beforeEach(() => {
  exporter.reset()
})

test('the span of the leader is the child of that of the follower', async () => {
  const asked = new Tracing().begin('POST /v1/topics/:topic/events', () => undefined)
  await asked.run(() => log.append('plays', Buffer.from('Faust')))
  asked.end('OK')
  const { traceId, spanId } = asked.span.spanContext()
  const [done] = exporter.getFinishedSpans()
  expect(done).toMatchObject({
    name: 'goethe.v1.EventLog/Append',
    parentSpanContext: { traceId, spanId, isRemote: true },
    attributes: { 'rpc.system': 'goethe_cluster', 'rpc.method': 'Append' },
  })
  expect(done!.spanContext().traceId).toBe(traceId)
})

test('what the leader refuses is on its span', async () => {
  const asked = new Tracing().begin('Append', () => undefined)
  const refused = asked.run(() => log.append('plays', Buffer.from('Egmont'), { expect: 'empty' }))
  await expect(refused).rejects.toMatchObject({ code: 'GOETHE_CONFLICT' })
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    parentSpanContext: { spanId: asked.span.spanContext().spanId },
    attributes: { 'error.type': 'GOETHE_CONFLICT' },
  })
})

test('outside of any span the leader begins a trace of its own', async () => {
  await log.append('plays', Buffer.from('Götz'))
  const [done] = exporter.getFinishedSpans()
  expect(done).toMatchObject({ name: 'goethe.v1.EventLog/Append' })
  expect(done!.parentSpanContext).toBeUndefined()
})
