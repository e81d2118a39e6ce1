/**
 * grpc.reflection.v1 and v1alpha, so that grpcurl and its like work without proto files. Nobody has
 * to say who they are: all there is to see are the proto files, which are public.
 */
import { ReflectionService } from '@grpc/reflection'
import { fileDescriptors } from '@goethe/protocol'
import type { ServerContext } from '../server-context.js'
import { type ServiceHost, endingStreams } from './ending-streams.js'

type Definition = ConstructorParameters<typeof ReflectionService>[0]

/** Adds the reflection service to a server; it shows what that serves beside reflection itself. */
export function addReflectionService(
  server: ServiceHost,
  { config, stopping }: ServerContext,
): void {
  const described = {
    goethe: { fileDescriptorProtos: fileDescriptors({ legacy: config.legacy }) },
  }
  // Of a package's definition the library uses the descriptors alone.
  const reflection = new ReflectionService(described as unknown as Definition)
  reflection.addToServer(endingStreams(server, stopping))
}
