import { peerModule } from '../src/stores/peer-module'

/** What is used of grpc-js; the bench has a copy of its own among the peers. */
interface GrpcModule {
  Client: new (address: string, credentials: unknown) => GrpcClient
  Server: new () => GrpcServer
  credentials: { createInsecure(): unknown }
  ServerCredentials: { createInsecure(): unknown }
}

interface GrpcClient {
  makeUnaryRequest<Request, Response>(
    path: string,
    serialize: (request: Request) => Buffer,
    deserialize: (bytes: Buffer) => Response,
    request: Request,
    callback: (error: Error | null, response?: Response) => void,
  ): unknown
  close(): void
}

interface GrpcServer {
  addService(service: object, implementation: object): void
  bindAsync(
    address: string,
    credentials: unknown,
    callback: (error: Error | null, port: number) => void,
  ): void
  tryShutdown(callback: () => void): void
}

export const grpc = () => peerModule<GrpcModule>('@grpc/grpc-js')

/** One connection that makes each call as it comes: what a generated client does. */
export class PlainClient {
  readonly #client: GrpcClient

  constructor(port: number) {
    const { Client, credentials } = grpc()
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  }

  call<Request, Response>(
    path: string,
    serialize: (request: Request) => Buffer,
    deserialize: (bytes: Buffer) => Response,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, serialize, deserialize, request, (error, response) => {
        if (error === null) resolve(response!)
        else reject(error)
      })
    })
  }

  close(): void {
    this.#client.close()
  }
}
