import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { fileDescriptors } from './file-descriptors.js'

// A strict reader, as many tools are: it takes no name that is not said in full.
it('describes all services in full, each file behind those that it imports', () => {
  const file = fileDescriptors({ legacy: true }).map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  )
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }))
  for (const name of [
    'goethe.v1.EventLog',
    'grpc.health.v1.Health',
    'io.typusomega.goethe.Goethe',
  ]) {
    expect(registry.getService(name)?.methods.length).toBeGreaterThan(0)
  }
})
