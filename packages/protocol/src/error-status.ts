import type { GoetheErrorCode } from '@goethe/core'

/** Numbers of gRPC's status codes, as far as Goethe answers with them. */
export const grpcStatus = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

/** The one table: what each error is in gRPC and in HTTP. */
const statuses: Record<GoetheErrorCode, readonly [grpc: keyof typeof grpcStatus, http: number]> = {
  GOETHE_ABORTED: ['cancelled', 499],
  GOETHE_ALREADY_COMMITTED: ['failedPrecondition', 409],
  GOETHE_CANCELLED: ['unavailable', 503],
  GOETHE_CLOSED: ['unavailable', 503],
  GOETHE_CONFLICT: ['aborted', 409],
  GOETHE_CORRUPT: ['dataLoss', 500],
  GOETHE_DEADLINE: ['deadlineExceeded', 504],
  GOETHE_DELIVERY_EXPIRED: ['failedPrecondition', 409],
  GOETHE_EVENT_NOT_FOUND: ['notFound', 404],
  GOETHE_EVENT_TOO_LARGE: ['invalidArgument', 413],
  GOETHE_FENCED: ['failedPrecondition', 409],
  GOETHE_FORBIDDEN: ['permissionDenied', 403],
  GOETHE_FORMAT: ['failedPrecondition', 500],
  GOETHE_IMPORT_INCOMPLETE: ['failedPrecondition', 409],
  GOETHE_INTERNAL: ['internal', 500],
  GOETHE_INVALID_ARGUMENT: ['invalidArgument', 400],
  GOETHE_INVALID_STORE: ['failedPrecondition', 500],
  GOETHE_LIMIT: ['resourceExhausted', 429],
  GOETHE_LOCKED: ['failedPrecondition', 503],
  GOETHE_NOT_EMPTY: ['failedPrecondition', 409],
  GOETHE_NOT_LEADER: ['failedPrecondition', 421],
  GOETHE_OPERATION: ['invalidArgument', 400],
  // The status which says that it may have been done all the same. UNAVAILABLE, which gRPC itself
  // repeats where it was told to, would append twice.
  GOETHE_OUTCOME_UNKNOWN: ['deadlineExceeded', 504],
  GOETHE_PRODUCER_SEQUENCE: ['outOfRange', 409],
  GOETHE_READ_FAILED: ['unavailable', 503],
  GOETHE_READ_ONLY: ['resourceExhausted', 503],
  GOETHE_TIME_IN_FUTURE: ['invalidArgument', 400],
  GOETHE_TOPIC_NOT_FOUND: ['notFound', 404],
  GOETHE_UNAUTHENTICATED: ['unauthenticated', 401],
  GOETHE_UNAVAILABLE: ['unavailable', 503],
  GOETHE_WRITE_FAILED: ['unavailable', 503],
}

/** What a status means that came without details: from a proxy, or from gRPC itself. */
const codes: Partial<Record<number, GoetheErrorCode>> = {
  [grpcStatus.cancelled]: 'GOETHE_CANCELLED',
  [grpcStatus.invalidArgument]: 'GOETHE_INVALID_ARGUMENT',
  [grpcStatus.deadlineExceeded]: 'GOETHE_DEADLINE',
  [grpcStatus.permissionDenied]: 'GOETHE_FORBIDDEN',
  [grpcStatus.resourceExhausted]: 'GOETHE_LIMIT',
  [grpcStatus.unavailable]: 'GOETHE_UNAVAILABLE',
  [grpcStatus.unauthenticated]: 'GOETHE_UNAUTHENTICATED',
}

/** True for a code that this version knows; another version's may be new. */
export function isErrorCode(code: string): code is GoetheErrorCode {
  return Object.hasOwn(statuses, code)
}

/** The number of the gRPC status with which an error is answered. */
export function grpcStatusOf(code: GoetheErrorCode): number {
  return grpcStatus[statuses[code][0]]
}

/** The HTTP status with which an error is answered. */
export function httpStatusOf(code: GoetheErrorCode): number {
  return statuses[code][1]
}

/** What a gRPC status means when nothing more is known. */
export function codeOfStatus(status: number): GoetheErrorCode {
  return codes[status] ?? 'GOETHE_INTERNAL'
}
