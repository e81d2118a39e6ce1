import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { context, propagation, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Tracing, activeSpanHeaders } from './tracing.js'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracing = new Tracing(provider.getTracer('test'))
const contexts = new AsyncLocalStorageContextManager()

beforeAll(() => void context.setGlobalContextManager(contexts.enable()))
afterAll(() => {
  context.disable()
})
beforeEach(() => {
  exporter.reset()
})

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parent = `00-${traceId}-b7ad6b7169203331-01`

function spanOf(traceparent: string | undefined, code = 'OK') {
  const headers: Record<string, string | undefined> = { traceparent }
  tracing.begin('Append', (name) => headers[name], { 'rpc.system': 'grpc' }).end(code)
  return exporter.getFinishedSpans()[0]!
}

test('a span is the child of the one that the caller names', () => {
  const span = spanOf(parent)
  expect(span.spanContext().traceId).toBe(traceId)
  expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
  expect(span.attributes).toEqual({ 'rpc.system': 'grpc' })
})

test.each([
  undefined,
  '',
  'x',
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `ff-${traceId}-b7ad6b7169203331-01`,
  `${parent}-more`,
])('%s names none', (header) => {
  expect(spanOf(header).parentSpanContext).toBeUndefined()
})

test('the code of an error is on the span', () => {
  const span = spanOf(undefined, 'GOETHE_CONFLICT')
  expect(span.status).toMatchObject({ code: 2, message: 'GOETHE_CONFLICT' })
  expect(span.attributes).toMatchObject({ 'error.type': 'GOETHE_CONFLICT' })
})

test('work runs within its span', () => {
  const request = tracing.begin('Read', () => undefined)
  expect(request.run(() => trace.getActiveSpan())).toBe(request.span)
})

test('what is done elsewhere is the child of the span under way here', () => {
  const headers: Record<string, string> = { traceparent: parent, tracestate: 'vendor=7,other=a' }
  const here = tracing.begin('Append', (name) => headers[name])
  const carried = here.run(() => activeSpanHeaders())
  const { spanId } = here.span.spanContext()
  expect(carried).toEqual({
    traceparent: `00-${traceId}-${spanId}-01`,
    tracestate: 'vendor=7,other=a',
  })
  const there = tracing.begin('Append', (name) => carried[name])
  there.end('OK')
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    parentSpanContext: { traceId, spanId, isRemote: true },
  })
  expect(there.span.spanContext().traceState?.get('vendor')).toBe('7')
})

test('a span is carried as the propagator of the process has it', () => {
  propagation.setGlobalPropagator({
    inject: (at, carrier, setter) => {
      setter.set(carrier, 'X-Span', trace.getSpanContext(at)!.spanId)
    },
    extract: (at) => at,
    fields: () => ['X-Span'],
  })
  const here = tracing.begin('Append', () => undefined)
  const carried = here.run(() => activeSpanHeaders())
  propagation.disable()
  expect(carried).toEqual({ 'x-span': here.span.spanContext().spanId })
})

test('nothing is carried where no span is under way', () => {
  expect(activeSpanHeaders()).toEqual({})
})
