/** Clients that were made without anything of ours: from the text of a proto file, or descriptors. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js'

type PackageDefinition = Parameters<typeof loadPackageDefinition>[0]

interface ProtoLoader {
  loadSync(path: string, options: object): PackageDefinition
  loadFileDescriptorSetFromBuffer(bytes: Buffer, options: object): PackageDefinition
}

// grpc-js depends on it, so it need not be installed once more.
const require = createRequire(createRequire(import.meta.url).resolve('@grpc/grpc-js'))
const loader = require('@grpc/proto-loader') as ProtoLoader

/** As most programs set it up. */
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }

/** What the text of a proto file describes. */
export function loadProto(text: string): GrpcObject {
  const folder = mkdtempSync(join(tmpdir(), 'goethe-proto-'))
  try {
    const path = join(folder, 'given.proto')
    writeFileSync(path, text)
    return loadPackageDefinition(loader.loadSync(path, options))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What the bytes of a google.protobuf.FileDescriptorSet describe. */
export function loadDescriptors(bytes: Uint8Array): GrpcObject {
  const buffer = Buffer.from(bytes)
  return loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(buffer, options))
}
