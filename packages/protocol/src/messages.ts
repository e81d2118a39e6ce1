/** The generated messages, for those who build them themselves. */
export * from './gen/goethe/v1/administration_pb.js'
export * from './gen/goethe/v1/append_pb.js'
export * from './gen/goethe/v1/cluster_pb.js'
export * from './gen/goethe/v1/consume_pb.js'
export * from './gen/goethe/v1/cursors_pb.js'
export * from './gen/goethe/v1/error_pb.js'
export * from './gen/goethe/v1/event_log_pb.js'
export * from './gen/goethe/v1/read_pb.js'
export * from './gen/goethe/v1/transfer_pb.js'
export {
  type Cursor as LegacyCursor,
  CursorSchema as LegacyCursorSchema,
  type Event as LegacyEvent,
  EventSchema as LegacyEventSchema,
  Goethe as LegacyService,
  file_io_typusomega_goethe_goethe as legacyFile,
} from './gen/io/typusomega/goethe/goethe_pb.js'
