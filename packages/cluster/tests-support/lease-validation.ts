/** What a real API server checks of a Lease before it stores it. */
import type { KubernetesObject } from '../src/kubernetes/resource.js'

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/
const annotationBytesMax = 256 * 1024
const annotationName =
  /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/
const objectName = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/

/** What cannot be read (400), and what can be and is wrong (422). */
export function leaseProblem(object: KubernetesObject): {
  decoding?: string
  invalid?: string
} {
  const { spec = {} } = object as { spec?: Record<string, unknown> }
  const { apiVersion = 'coordination.k8s.io/v1', kind = 'Lease' } = object
  if (apiVersion !== 'coordination.k8s.io/v1' || kind !== 'Lease') {
    return { decoding: `no kind "${kind}" is registered for version "${apiVersion}"` }
  }
  for (const [name, value] of Object.entries(object.metadata.annotations ?? {})) {
    if (typeof value !== 'string') return { decoding: `Annotations: ${name} is not a string` }
  }
  for (const name of ['renewTime', 'acquireTime']) {
    const time = spec[name]
    if (time === undefined || time === null) continue
    if (typeof time === 'string' && microTime.test(time)) continue
    const decoding = `Lease in version "v1" cannot be handled as a Lease: parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`
    return { decoding }
  }
  for (const name of ['leaseDurationSeconds', 'leaseTransitions']) {
    const number = spec[name]
    if (number === undefined || number === null) continue
    if (!Number.isInteger(number) || Math.abs(number as number) > 2 ** 31 - 1) {
      return {
        decoding: `json: cannot unmarshal number into Go struct field ${name} of type int32`,
      }
    }
    const min = name === 'leaseDurationSeconds' ? 1 : 0
    if ((number as number) < min) {
      return { invalid: `spec.${name}: Invalid value: ${String(number)}: must be at least ${min}` }
    }
  }
  const holder = spec['holderIdentity']
  if (holder !== undefined && holder !== null && typeof holder !== 'string') {
    return { decoding: 'json: cannot unmarshal into field holderIdentity of type string' }
  }
  return {}
}

/** What is wrong with an object's name or annotations. */
export function metadataProblem({ metadata }: KubernetesObject): string | undefined {
  const { name = '' } = metadata as { name?: string }
  if (!objectName.test(name)) return `metadata.name: Invalid value: "${name}"`
  let size = 0
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!annotationName.test(key)) return `metadata.annotations: Invalid value: "${key}"`
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > annotationBytesMax)
    return 'metadata.annotations: Too long: may not be more than 262144 bytes'
  return undefined
}
