/** Calls any method of gRPC with any messages, and takes what comes back as it is. */
import { once } from 'node:events'
import {
  type ChannelCredentials,
  Client,
  Metadata,
  type StatusObject,
  credentials,
} from '@grpc/grpc-js'
import type { Method } from '@goethe/protocol'
import { methodDefinition } from '../src/grpc/method-definition.js'

export interface GrpcAnswer {
  code: number
  details: string
  messages: unknown[]
}

export interface GrpcCaller {
  ask(method: Method<never, never>, ...messages: unknown[]): Promise<GrpcAnswer>
  /** Resolves once the server has begun to answer, with what breaks the call off. */
  begin(method: Method<never, never>, message: unknown): Promise<() => void>
  close(): void
}

export interface GrpcCallerOptions {
  token?: string | undefined
  channel?: ChannelCredentials
}

export function grpcCaller(
  port: number,
  { token, channel = credentials.createInsecure() }: GrpcCallerOptions = {},
): GrpcCaller {
  const client = new Client(`127.0.0.1:${port}`, channel)
  const open = (method: Method<never, never>, messages: unknown[]) => {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(
      method as unknown as Method<unknown, unknown>,
    )
    const metadata = new Metadata()
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
    // On the wire a call with one message is a stream that has one.
    const stream = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      { deadline: Date.now() + 20_000 },
    )
    const answers: unknown[] = []
    stream.on('data', (message: unknown) => answers.push(message))
    stream.on('error', () => undefined)
    for (const message of messages) stream.write(message)
    stream.end()
    const answer = new Promise<GrpcAnswer>((resolve) => {
      stream.once('status', ({ code, details }: StatusObject) => {
        resolve({ code, details, messages: answers })
      })
    })
    return { stream, answer }
  }
  return {
    close: () => client.close(),
    ask: (method, ...messages) => open(method, messages).answer,
    async begin(method, message) {
      const { stream } = open(method, [message])
      await once(stream, 'metadata')
      return () => {
        stream.cancel()
      }
    },
  }
}
