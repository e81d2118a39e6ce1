/** What other members ask of this one in the name of their callers, who have the rights for it. */
import { GoetheError } from '@goethe/core'
import { type Method, eventLogMethods as methods, goetheError } from '@goethe/protocol'
import type { Admission } from '../admission.js'
import { append, appendAll } from '../grpc/append-service.js'
import { commitCursor, deleteCursor, openCursor, seekCursor } from '../grpc/cursor-service.js'
import { deleteTopic, setRetention, trimTopic } from '../grpc/topic-service.js'
import type { Logger } from '../log-writer.js'
import type { ServedLog } from '../served-log.js'
import type { Tracing } from '../tracing.js'
import { type ForwardedRequest, decodeRequest, encodeAnswer } from './forward-codec.js'

export interface ForwardedRequestsOptions {
  /** It refuses what this member cannot write, and passes nothing on: one hop, never two. */
  readonly log: ServedLog
  readonly admission: Pick<Admission, 'bytes'>
  readonly logger: Logger
  readonly tracing: Pick<Tracing, 'begin'>
  /** The last entry that readers see here. */
  appliedLsn(): number
}

interface Call {
  readonly log: ServedLog
  readonly context: Pick<ForwardedRequestsOptions, 'admission'>
  readonly signal: AbortSignal
}

type Work = (call: Call, request: Uint8Array) => Promise<Uint8Array>

export class ForwardedRequests {
  readonly #options: ForwardedRequestsOptions

  constructor(options: ForwardedRequestsOptions) {
    this.#options = options
  }

  /** Carries out a request and gives the answer, also where it is a refusal. */
  async answer(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { logger, appliedLsn } = this.#options
    try {
      const outcome = await this.#carryOut(decodeRequest(bytes), signal)
      return encodeAnswer({ appliedLsn: appliedLsn(), outcome })
    } catch (error) {
      const outcome = goetheError(error)
      if (outcome.code === 'GOETHE_INTERNAL') {
        logger.error({ error }, 'A request of another member met a defect')
      }
      // Whoever was in the way has written before: it can be read by those who are told of it.
      const seen = outcome.code === 'GOETHE_CONFLICT' ? appliedLsn() : 0
      return encodeAnswer({ appliedLsn: seen, outcome })
    }
  }

  /** Within a span that is the child of the asking member's. */
  async #carryOut(
    { path, headers, request }: ForwardedRequest,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { log, admission, tracing } = this.#options
    const work = works.get(path)
    if (work === undefined) throw unknown(path)
    const span = tracing.begin(path.slice(1), (name) => headers[name], {
      'rpc.system': 'goethe_cluster',
      'rpc.method': path.slice(path.lastIndexOf('/') + 1),
    })
    try {
      const done = await span.run(() => work({ log, context: { admission }, signal }, request))
      span.end('OK')
      return done
    } catch (error) {
      span.end(goetheError(error).code)
      throw error
    }
  }
}

const works = new Map<string, Work>([
  carried(methods.append, append),
  carried(methods.appendAll, appendAll),
  carried(methods.openCursor, openCursor),
  carried(methods.commitCursor, commitCursor),
  carried(methods.seekCursor, seekCursor),
  carried(methods.deleteCursor, deleteCursor),
  carried(methods.setRetention, setRetention),
  carried(methods.trimTopic, trimTopic),
  carried(methods.deleteTopic, deleteTopic),
])

function carried<Request, Response>(
  { path, request, response }: Method<Request, Response>,
  work: (call: Call, request: Request) => Promise<Response>,
): [path: string, work: Work] {
  return [path, async (call, bytes) => response.encode(await work(call, request.decode(bytes)))]
}

function unknown(path: string): GoetheError {
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `This member carries out no ${path.slice(0, 100)} for others: bring all to one version`,
  )
}
