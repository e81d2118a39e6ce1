import type { Method } from '@goethe/protocol'

/** A method as grpc-js wants it. */
export function methodDefinition<Request, Response>(method: Method<Request, Response>) {
  const { path, requestStream, responseStream, request, response } = method
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: (value: Request) => bufferOf(request.encode(value)),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (value: Response) => bufferOf(response.encode(value)),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
