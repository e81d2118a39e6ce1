/** What is deployed, as far as its parts have to fit together. */
import { readFileSync } from 'node:fs'
import { type Config, readConfig } from '@goethe/server'
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import type { IRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role'
import type { IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding'
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap'
import type { IContainer } from 'kubernetes-models/v1/Container'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IService } from 'kubernetes-models/v1/Service'
import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import type { KubernetesObject } from './objects.js'

interface Kinds {
  StatefulSet: IStatefulSet
  NetworkPolicy: INetworkPolicy
  PodDisruptionBudget: IPodDisruptionBudget
  Role: IRole
  RoleBinding: IRoleBinding
  ConfigMap: IConfigMap
  Service: IService
  ServiceAccount: IServiceAccount
  ServiceMonitor: {
    spec: {
      selector: { matchLabels: Record<string, string> }
      endpoints: { port: string; scheme?: string }[]
    }
  }
}

const namespace = 'weimar'

/** What the image says where the pod says nothing. */
const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
const imageEnvironment = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').map((pair) => pair.split('=') as [string, string]),
  ),
)

export class Installation {
  constructor(readonly objects: readonly KubernetesObject[]) {}

  all<Kind extends keyof Kinds>(kind: Kind): (KubernetesObject & Kinds[Kind])[] {
    return this.objects.filter((object) => object.kind === kind) as (KubernetesObject &
      Kinds[Kind])[]
  }

  /** The only one of its kind. */
  the<Kind extends keyof Kinds>(kind: Kind): KubernetesObject & Kinds[Kind] {
    const [object, ...others] = this.all(kind)
    if (object === undefined || others.length > 0) throw new Error(`There is not one ${kind}`)
    return object
  }

  get pod(): IPodSpec {
    return this.the('StatefulSet').spec!.template.spec!
  }

  get podLabels(): Record<string, string> {
    return this.the('StatefulSet').spec!.template.metadata!.labels as Record<string, string>
  }

  get container(): IContainer {
    return this.pod.containers[0]!
  }

  /** What the server of the first pod makes of all this. Throws ConfigError. */
  get config(): Config {
    const { GOETHE_CONFIG: path, ...environment } = this.#environment
    const text = this.#fileAt(path!)
    const env = { ...imageEnvironment, ...environment }
    return readConfig({ env, file: { path: path!, text } })
  }

  /** The name of the Secret that a file of the container comes from, and its key there. */
  secretAt(path: string): { name: string; key: string } | undefined {
    const { volume, key } = this.#mountAt(path)
    const name = volume?.secret?.secretName
    return name === undefined ? undefined : { name, key }
  }

  /** The claim for a disk on which a path of the container lies. */
  claimAt(path: string): string | undefined {
    const { mount } = this.#mountAt(path)
    const claims = this.the('StatefulSet').spec!.volumeClaimTemplates ?? []
    return claims.find(({ metadata }) => metadata?.name === mount?.name)?.metadata?.name
  }

  selects(labels: object | undefined): boolean {
    const pairs = Object.entries(labels ?? {})
    return pairs.length > 0 && pairs.every(([name, value]) => this.podLabels[name] === value)
  }

  get #environment(): Record<string, string> {
    const fields: Record<string, string> = {
      'metadata.name': `${this.the('StatefulSet').metadata.name}-0`,
      'metadata.namespace': namespace,
    }
    const known: Record<string, string> = {}
    for (const { name, value, valueFrom } of this.container.env ?? []) {
      const text = value ?? fields[valueFrom?.fieldRef?.fieldPath ?? '']!
      known[name] = text.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => known[other] ?? whole)
    }
    return known
  }

  #fileAt(path: string): string {
    const { volume, key } = this.#mountAt(path)
    const name = volume?.configMap?.name
    const map = this.all('ConfigMap').find(({ metadata }) => metadata.name === name)
    const text = map?.data?.[key]
    if (text === undefined) throw new Error(`No ConfigMap is mounted at ${path}`)
    return text
  }

  #mountAt(path: string) {
    const mount = this.container.volumeMounts?.find(({ mountPath }) =>
      path.startsWith(`${mountPath}/`),
    )
    const volume = this.pod.volumes?.find(({ name }) => name === mount?.name)
    return { mount, volume, key: path.slice((mount?.mountPath.length ?? 0) + 1) }
  }
}
