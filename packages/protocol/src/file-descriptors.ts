import { type DescFile, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { file_goethe_v1_cluster } from './gen/goethe/v1/cluster_pb.js'
import { file_goethe_v1_event_log } from './gen/goethe/v1/event_log_pb.js'
import { file_grpc_health_v1_health } from './gen/grpc/health/v1/health_pb.js'
import { file_io_typusomega_goethe_goethe } from './gen/io/typusomega/goethe/goethe_pb.js'

/**
 * The proto files as google.protobuf.FileDescriptorProto, each behind those that it imports: for
 * those who show them to others. That of the health service is among them; with `legacy`, also that
 * of the original's service.
 */
export function fileDescriptors({ legacy = false }: { legacy?: boolean } = {}): Uint8Array[] {
  const files = new Set<DescFile>()
  const add = (file: DescFile): void => {
    for (const imported of file.dependencies) add(imported)
    files.add(file)
  }
  add(file_goethe_v1_event_log)
  add(file_goethe_v1_cluster)
  add(file_grpc_health_v1_health)
  if (legacy) add(file_io_typusomega_goethe_goethe)
  return [...files].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto))
}
