/** Kinds of objects and where they are, as paths of the API name them. */

export interface Resource {
  /** '' for the oldest kinds. */
  readonly group: string
  readonly version: string
  /** In the plural and in small letters, as RBAC has it. */
  readonly plural: string
}

export const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }

export const endpointSlices: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
}

/** What every object has. */
export interface KubernetesObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMetadata
}

export interface ObjectMetadata {
  name: string
  namespace?: string
  uid?: string
  /** Changes with every change of the object. */
  resourceVersion?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  [other: string]: unknown
}

/** Which objects of a resource are meant. */
export interface Selector {
  /** Only the one of this name. */
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** The path of all objects in a namespace, or of the one that is named. */
export function pathOf(resource: Resource, namespace: string, name?: string): string {
  const { group, version, plural } = resource
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const all = `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
  return name === undefined ? all : `${all}/${encodeURIComponent(name)}`
}

/** The query of a list or a watch. */
export function queryOf(
  { name, labels = {} }: Selector,
  more: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(more)
  if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`)
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  if (pairs.length > 0) query.set('labelSelector', pairs.join(','))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
