/**
 * Spans of requests, through OpenTelemetry's API alone: without an SDK in the process they cost
 * nothing and go nowhere.
 */
import {
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  context,
  createTraceState,
  isSpanContextValid,
  propagation,
  trace,
} from '@opentelemetry/api'

/** One header or entry of metadata by its name, in lower case. */
export type HeaderOf = (name: string) => string | undefined

/** A span under way, with the context in which its work runs. */
export interface RequestSpan {
  readonly span: Span
  readonly context: Context
  /** Runs work within the span, so that spans made there become its children. */
  run<Result>(work: () => Result): Result
  /** Ends the span; `code` is the error code of the request, or 'OK'. */
  end(code: string): void
}

export class Tracing {
  readonly #tracer: Tracer

  constructor(tracer = trace.getTracer('@goethe/server')) {
    this.#tracer = tracer
  }

  /** Begins the span of a request, as a child of the caller's where its headers name one. */
  begin(name: string, headerOf: HeaderOf, attributes: Attributes = {}): RequestSpan {
    const parent = parentOf(headerOf)
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
    const own = trace.setSpan(parent, span)
    return {
      span,
      context: own,
      run: (work) => context.with(own, work),
      end: (code) => {
        if (code !== 'OK') {
          span.setStatus({ code: SpanStatusCode.ERROR, message: code })
          span.setAttribute('error.type', code)
        }
        span.end()
      },
    }
  }
}

/** The headers that make a span elsewhere a child of the one under way; none where there is none. */
export function activeSpanHeaders(): Readonly<Record<string, string>> {
  const active = context.active()
  const spanContext = trace.getSpanContext(active)
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return {}
  const headers: Record<string, string> = {}
  propagation.inject(active, headers, {
    set: (carrier, name, value) => {
      carrier[name.toLowerCase()] = value
    },
  })
  if (Object.keys(headers).length > 0) return headers
  // As for those that come: without a propagator, W3C trace context is meant.
  const { traceId, spanId, traceFlags, traceState } = spanContext
  const flags = traceFlags.toString(16).padStart(2, '0')
  const tracestate = traceState?.serialize() ?? ''
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(tracestate !== '' && { tracestate }),
  }
}

/** Propagators ask for what they know; all of them read single values. */
function parentOf(headerOf: HeaderOf): Context {
  const getter = {
    get: (_carrier: unknown, name: string) => headerOf(name.toLowerCase()),
    keys: () => [],
  }
  const extracted = propagation.extract(context.active(), {}, getter)
  if (trace.getSpanContext(extracted) !== undefined) return extracted
  // Whoever set up spans but no propagator still means W3C trace context.
  const spanContext = parseTraceparent(headerOf('traceparent'))
  if (spanContext === undefined) return extracted
  const tracestate = headerOf('tracestate')
  const traceState = tracestate === undefined ? undefined : createTraceState(tracestate)
  return trace.setSpanContext(extracted, { ...spanContext, ...(traceState && { traceState }) })
}

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

function parseTraceparent(header: string | undefined) {
  const match = header === undefined ? null : traceparent.exec(header.trim())
  if (match === null || match[1] === 'ff' || (match[1] === '00' && match[5] !== undefined)) {
    return undefined
  }
  const spanContext = {
    traceId: match[2]!,
    spanId: match[3]!,
    traceFlags: Number.parseInt(match[4]!, 16) & 1,
    isRemote: true,
  }
  return isSpanContextValid(spanContext) ? spanContext : undefined
}
