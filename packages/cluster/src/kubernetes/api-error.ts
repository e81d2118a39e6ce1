/** What an API server's refusal means, and what to do about it. */
import { GoetheError, type GoetheErrorCode } from '@goethe/core'
import type { Resource } from './resource.js'

/** What was asked for, for messages. */
export interface Asked {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update'
  readonly resource: Resource
  readonly namespace: string
  readonly name?: string | undefined
}

/** The answer of a server that did not do what it was asked for. */
export interface Refusal {
  readonly status: number
  /** A word such as `Conflict` or `AlreadyExists`; '' where the server gives none. */
  readonly reason: string
  readonly message: string
  /** The name of the object that it is about; undefined where it is about none. */
  readonly about: string | undefined
}

/** Reads a `Status` object; an answer of something in between is no such object. */
export function refusalOf(status: number, body: unknown): Refusal {
  const { reason, message, details } = (typeof body === 'object' && body !== null ? body : {}) as {
    reason?: unknown
    message?: unknown
    details?: { name?: string }
  }
  return {
    status,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : String(body).slice(0, 300),
    about: details?.name,
  }
}

/**
 * Whether it says that this very object is not there. Where the whole API is not, the status and the
 * reason are the same.
 */
export function isAbsence({ status, reason, about }: Refusal, name: string): boolean {
  return status === 404 && reason === 'NotFound' && about === name
}

/** The error of a call that was refused. */
export function errorOfRefusal(server: string, asked: Asked, refusal: Refusal): GoetheError {
  const { status, reason, message } = refusal
  const what = describe(asked)
  const said = `${status}${reason === '' ? '' : ` ${reason}`}: ${message}`
  return new GoetheError(codeOf(status), `${explain(server, asked, what, status)} (${said})`)
}

function explain(server: string, asked: Asked, what: string, status: number): string {
  const { verb, resource, namespace } = asked
  if (status === 401) {
    return (
      `The API server at ${server} does not know who we are: the token or the client certificate ` +
      `has expired or is of another cluster`
    )
  }
  if (status === 403) {
    return (
      `The API server at ${server} does not let us ${what}: give our service account a Role in ` +
      `namespace ${namespace} with apiGroups: ["${resource.group}"], ` +
      `resources: ["${resource.plural}"], verbs: ["${verb}"]`
    )
  }
  if (status === 404) {
    return (
      `The API server at ${server} finds nothing to ${what}: is there a namespace ${namespace}, and ` +
      `does it serve ${resource.group}/${resource.version}?`
    )
  }
  return `The API server at ${server} did not ${what}`
}

/** `update leases.coordination.k8s.io "goethe" in namespace "default"`. */
function describe({ verb, resource, namespace, name }: Asked): string {
  const kind = [resource.plural, resource.group].filter((part) => part !== '').join('.')
  return `${verb} ${kind}${name === undefined ? '' : ` "${name}"`} in namespace "${namespace}"`
}

function codeOf(status: number): GoetheErrorCode {
  if (status === 401) return 'GOETHE_UNAUTHENTICATED'
  if (status === 403) return 'GOETHE_FORBIDDEN'
  if (status === 400 || status === 422) return 'GOETHE_INVALID_ARGUMENT'
  return 'GOETHE_UNAVAILABLE'
}
