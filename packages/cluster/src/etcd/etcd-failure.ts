/** What a failed call to etcd means, and whether it may have been done all the same. */
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js'
import { GoetheError, type GoetheErrorCode } from '@goethe/core'

export class EtcdFailure extends Error {
  readonly error: GoetheError
  /** True where nothing was done, nor will be. */
  readonly isCertain: boolean
  /** The token of our user has expired, or rights have changed since it was given out. */
  readonly isStaleToken: boolean

  private constructor(error: GoetheError, isCertain: boolean, isStaleToken = false) {
    super(error.message, { cause: error })
    this.error = error
    this.isCertain = isCertain
    this.isStaleToken = isStaleToken
  }

  /** No connection came about: nothing was sent. */
  static unreachable(address: string, reason: string): EtcdFailure {
    const message = `etcd at ${address} cannot be reached: ${reason}`
    return new EtcdFailure(new GoetheError('GOETHE_UNAVAILABLE', message), true)
  }

  /** It ended before its answer, by its time or its signal. */
  static ended(error: GoetheError, wasSent: boolean): EtcdFailure {
    return new EtcdFailure(error, !wasSent)
  }

  /** The status of a call that was sent. */
  static of(address: string, cause: ServiceError): EtcdFailure {
    const { code, details } = cause
    const isStaleToken = /invalid auth token|revision of auth store is old/.test(details)
    // Others may come from the connection or from something in between.
    const isOfEtcd = details.startsWith('etcdserver:')
    const isCertain = isOfEtcd && refusals.has(code)
    const error = new GoetheError(
      codeOf(code, details),
      `etcd at ${address} did not do it: ${details}${advice(code, details)}`,
      { cause },
    )
    return new EtcdFailure(error, isCertain, isStaleToken)
  }
}

/** With these etcd turns a request away; with others, such as UNAVAILABLE, it may be under way. */
const refusals: ReadonlySet<number> = new Set([
  grpcStatus.INVALID_ARGUMENT,
  grpcStatus.PERMISSION_DENIED,
  grpcStatus.UNAUTHENTICATED,
  grpcStatus.FAILED_PRECONDITION,
  grpcStatus.RESOURCE_EXHAUSTED,
])

function codeOf(code: number, details: string): GoetheErrorCode {
  if (code === grpcStatus.PERMISSION_DENIED) return 'GOETHE_FORBIDDEN'
  if (code === grpcStatus.UNAUTHENTICATED || isAboutUser(details)) return 'GOETHE_UNAUTHENTICATED'
  return 'GOETHE_UNAVAILABLE'
}

function isAboutUser(details: string): boolean {
  return /authentication failed|user name is empty/.test(details)
}

function advice(code: number, details: string): string {
  if (code === grpcStatus.PERMISSION_DENIED) {
    return '; grant our user a role with the permission readwrite on the key'
  }
  if (/user name is empty/.test(details)) return '; it wants a user and a password'
  if (/authentication failed/.test(details)) return '; correct the user or the password'
  if (/database space exceeded/.test(details)) return '; compact, defragment and disarm the alarm'
  return ''
}
