/**
 * The service as grpc-js and others want it: a path, two directions, and a codec for each method.
 * The methods through which events go have codecs by hand, all others those of protobuf-es.
 */
import { type DescMessage, type MessageShape, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Receipt } from '@goethe/core'
import type { AppendPart } from '@goethe/core/contract'
import {
  type StreamedAppend,
  decodeAppend,
  decodeAppends,
  encodeAppend,
  encodeAppends,
} from './append-codec.js'
import {
  type ConsumeCommand,
  type ConsumeReport,
  decodeConsumeCommand,
  decodeConsumeReport,
  encodeConsumeCommand,
  encodeConsumeReport,
} from './consume-codec.js'
import { Cluster } from './gen/goethe/v1/cluster_pb.js'
import { EventLog } from './gen/goethe/v1/event_log_pb.js'
import { Goethe } from './gen/io/typusomega/goethe/goethe_pb.js'
import {
  type AppendOutcome,
  decodeOutcomes,
  decodeReceipt,
  encodeOutcomes,
  encodeReceipt,
} from './outcome-codec.js'
import { type ReadMessage, decodeRead, encodeRead } from './read-codec.js'

/** Bytes in and out. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  /** Throws for bytes that are no such message. */
  decode(bytes: Uint8Array): T
}

/** One method of a service. */
export interface Method<Request, Response> {
  /** `/package.Service/Method` */
  path: string
  requestStream: boolean
  responseStream: boolean
  request: Codec<Request>
  response: Codec<Response>
}

/** The codec of a message as protobuf-es has it. */
export function messageCodec<Desc extends DescMessage>(desc: Desc): Codec<MessageShape<Desc>> {
  return {
    encode: (message) => toBinary(desc, message),
    decode: (bytes) => fromBinary(desc, bytes),
  }
}

interface DescribedMethod {
  name: string
  parent: { typeName: string }
  methodKind: string
  input: DescMessage
  output: DescMessage
}

type MethodOf<Desc extends DescribedMethod> = Method<
  MessageShape<Desc['input']>,
  MessageShape<Desc['output']>
>

function method<Desc extends DescribedMethod>(desc: Desc): MethodOf<Desc> {
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    requestStream: desc.methodKind === 'client_streaming' || desc.methodKind === 'bidi_streaming',
    responseStream: desc.methodKind === 'server_streaming' || desc.methodKind === 'bidi_streaming',
    request: messageCodec(desc.input) as Codec<MessageShape<Desc['input']>>,
    response: messageCodec(desc.output) as Codec<MessageShape<Desc['output']>>,
  }
}

const appendCodec: Codec<AppendPart> = { encode: encodeAppend, decode: decodeAppend }
const receiptCodec: Codec<Receipt> = { encode: encodeReceipt, decode: decodeReceipt }
const appendsCodec: Codec<readonly StreamedAppend[]> = {
  encode: encodeAppends,
  decode: decodeAppends,
}
const outcomesCodec: Codec<readonly AppendOutcome[]> = {
  encode: encodeOutcomes,
  decode: decodeOutcomes,
}
const commandCodec: Codec<ConsumeCommand> = {
  encode: encodeConsumeCommand,
  decode: decodeConsumeCommand,
}
const reportCodec: Codec<ConsumeReport> = {
  encode: encodeConsumeReport,
  decode: decodeConsumeReport,
}
const readCodec: Codec<ReadMessage> = { encode: encodeRead, decode: decodeRead }

const log = EventLog.method

/** The methods of goethe.v1.EventLog. */
export const eventLogMethods = {
  append: { ...method(log.append), request: appendCodec, response: receiptCodec },
  appendStream: { ...method(log.appendStream), request: appendsCodec, response: outcomesCodec },
  appendAll: method(log.appendAll),
  read: { ...method(log.read), response: readCodec },
  seek: method(log.seek),
  consume: { ...method(log.consume), request: commandCodec, response: reportCodec },
  openCursor: method(log.openCursor),
  getCursor: method(log.getCursor),
  commitCursor: method(log.commitCursor),
  seekCursor: method(log.seekCursor),
  deleteCursor: method(log.deleteCursor),
  listCursors: method(log.listCursors),
  listTopics: method(log.listTopics),
  describeTopic: method(log.describeTopic),
  histogram: method(log.histogram),
  setRetention: method(log.setRetention),
  trimTopic: method(log.trimTopic),
  deleteTopic: method(log.deleteTopic),
  verify: method(log.verify),
  export: method(log.export),
  import: method(log.import),
  status: method(log.status),
} as const

/** The methods of goethe.v1.Cluster. */
export const clusterMethods = {
  describeCluster: method(Cluster.method.describeCluster),
  handOver: method(Cluster.method.handOver),
  removeMember: method(Cluster.method.removeMember),
  addMember: method(Cluster.method.addMember),
  setMinInSync: method(Cluster.method.setMinInSync),
  recover: method(Cluster.method.recover),
} as const

/** The methods of the original's service, io.typusomega.goethe.Goethe. */
export const legacyMethods = {
  produce: method(Goethe.method.produce),
  consume: method(Goethe.method.consume),
} as const
