import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { kubernetesTools } from '../../scripts/kubernetes-tools.mjs'
import { run } from '../../scripts/run.mjs'
import { Installation } from './installation.js'
import { role } from './kubernetes-cluster.js'
import { objectsIn, problemsOf } from './objects.js'

const tools = kubernetesTools()
const folder = (path: string): string =>
  fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url))
const chart = folder('helm/goethe')

const kustomized = (name: string): Promise<string> =>
  run(tools!.kubectl, ['kustomize', folder(`kubernetes/${name}`)])
const charted = (release: string, ...args: string[]): Promise<string> =>
  run(tools!.helm, ['template', release, chart, '--namespace', 'weimar', ...args])
const insecure = ['--set', 'insecure=true']
const valuesOf = (name: string): string[] => ['--values', join(chart, `ci/${name}-values.yaml`)]

const ways: [string, () => Promise<string>][] = [
  ['the manifests to try it', () => kustomized('overlays/trial')],
  ['the manifests for production', () => kustomized('overlays/production')],
  ['the chart to try it', () => charted('goethe', ...valuesOf('trial'))],
  ['the chart for production', () => charted('goethe', ...valuesOf('production'))],
]

describe.skipIf(tools === undefined).each(ways)(
  '%s (npm test fetches kubectl and helm)',
  (_, render) => {
    let installed: Installation

    beforeAll(async () => {
      installed = new Installation(objectsIn(await render()))
    })

    test('they are of objects that Kubernetes knows, with the fields that those have', () => {
      expect(problemsOf(installed.objects)).toEqual([])
    })

    test('they start a server that is a member of a cluster', () => {
      const { config } = installed
      const { replicas } = installed.the('StatefulSet').spec!
      expect(config.cluster).toMatchObject({
        mode: 'kubernetes',
        member: 'goethe-0',
        address: 'goethe-0.goethe-members.weimar.svc:1337',
        minInSync: Math.floor(replicas! / 2) + 1,
        peerHost: '0.0.0.0',
      })
      expect(installed.container.ports).toEqual([
        { name: 'grpc', containerPort: config.grpc.port },
        { name: 'http', containerPort: config.http.port },
        { name: 'peer', containerPort: config.cluster.peerPort },
      ])
    })

    test('the server finds each file that its settings name, and its disk', () => {
      const { cluster, tls, data } = installed.config
      const { secretFile, tlsCa, tlsCert, tlsKey } = cluster
      expect(installed.secretAt(secretFile!)).toEqual({ name: 'goethe-members', key: 'secret' })
      const files = [tls.cert, tls.key, tlsCa, tlsCert, tlsKey].filter((path) => path !== undefined)
      expect(files.map((path) => installed.secretAt(path)?.key)).toEqual(
        files.length === 0 ? [] : ['tls.crt', 'tls.key', 'ca.crt', 'tls.crt', 'tls.key'],
      )
      expect(installed.claimAt(data)).toBe('data')
    })

    test('members find each other by a Service, also while they are not ready', () => {
      const { service, peerPort } = installed.config.cluster
      const set = installed.the('StatefulSet')
      const members = installed.all('Service').find(({ metadata }) => metadata.name === service)
      expect(set.spec!.serviceName).toBe(service)
      expect(members?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true })
      expect(members?.spec?.ports).toContainEqual(
        expect.objectContaining({ name: 'peer', port: peerPort, targetPort: 'peer' }),
      )
      // One alone would wait for others for ever.
      expect(set.spec!.podManagementPolicy).toBe('Parallel')
    })

    test('the pods have the rights that members need, and no others', () => {
      const { metadata, rules } = installed.the('Role')
      expect(rules).toEqual(role.rules)
      expect(rules![0]!.resourceNames).toEqual([installed.config.cluster.lease])
      const account = installed.the('ServiceAccount')
      const binding = installed.the('RoleBinding')
      expect(binding.roleRef).toMatchObject({ kind: 'Role', name: metadata.name })
      expect(binding.subjects).toHaveLength(1)
      expect(binding.subjects![0]).toMatchObject({
        kind: 'ServiceAccount',
        name: account.metadata.name,
        namespace: account.metadata.namespace,
      })
      expect(account.automountServiceAccountToken).toBe(false)
      expect(installed.pod).toMatchObject({
        serviceAccountName: account.metadata.name,
        automountServiceAccountToken: true,
      })
    })

    test('whatever selects pods selects those of the members', () => {
      const set = installed.the('StatefulSet').spec!
      expect(installed.selects(set.selector.matchLabels)).toBe(true)
      for (const { spec } of installed.all('Service')) {
        expect(installed.selects(spec!.selector)).toBe(true)
      }
      for (const { spec } of installed.all('NetworkPolicy')) {
        expect(installed.selects(spec!.podSelector!.matchLabels)).toBe(true)
      }
      const budget = installed.the('PodDisruptionBudget').spec!
      expect(installed.selects(budget.selector!.matchLabels)).toBe(true)
      expect(budget.maxUnavailable).toBe(1)
      for (const { labelSelector } of installed.pod.topologySpreadConstraints ?? []) {
        expect(installed.selects(labelSelector!.matchLabels)).toBe(true)
      }
    })

    test('whatever is asked for metrics is a Service with such a port', () => {
      for (const { spec } of installed.all('ServiceMonitor')) {
        const found = installed.all('Service').filter(({ metadata }) => {
          const labels = (metadata as { labels?: Record<string, string> }).labels ?? {}
          return Object.entries(spec.selector.matchLabels).every(
            ([name, value]) => labels[name] === value,
          )
        })
        expect(found).toHaveLength(1)
        const ports = found[0]!.spec!.ports!.map(({ name }) => name)
        for (const { port } of spec.endpoints) expect(ports).toContain(port)
      }
    })

    test('the pods are those that the strictest of the Pod Security Standards lets in', () => {
      expect(installed.pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(installed.container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      const kinds = installed.pod.volumes!.flatMap(({ name: _name, ...kind }) => Object.keys(kind))
      expect(new Set([...kinds, 'configMap', 'secret'])).toEqual(new Set(['configMap', 'secret']))
    })

    test('probes speak as the server does, and a stop has the time that it needs', () => {
      const { startupProbe, livenessProbe, readinessProbe } = installed.container
      const { tls, shutdown } = installed.config
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        expect(probe!.httpGet!.scheme).toBe(tls.cert === undefined ? 'HTTP' : 'HTTPS')
      }
      expect(readinessProbe!.httpGet!.path).toBe('/readyz')
      const preStopMs = 2000
      const graceMs = installed.pod.terminationGracePeriodSeconds! * 1000
      // Listeners and then the lead have the deadline each.
      expect(graceMs).toBeGreaterThan(preStopMs + 2 * shutdown.deadlineMs)
    })

    declareOnRealCluster(() => installed)
  },
)

describe.skipIf(tools === undefined)('the chart (npm test fetches kubectl and helm)', () => {
  test.each(['trial', 'production'])('helm finds nothing wrong with it (%s)', async (name) => {
    const said = await run(tools!.helm, ['lint', '--strict', chart, ...valuesOf(name)])
    expect(said).toContain('1 chart(s) linted, 0 chart(s) failed')
  })

  test('it makes what the manifests make', async () => {
    const [theirs, ours] = await Promise.all([kustomized('base'), charted('goethe', ...insecure)])
    const made = plain(objectsIn(ours)).filter(({ kind }) => kind !== 'Secret')
    expect(made).toEqual(plain(objectsIn(theirs)))
  })

  test('it asks to be told where the server would not start', async () => {
    await expect(charted('goethe')).rejects.toThrow(
      /set tls\.secretName, members\.tlsSecretName and config\.auth, or say insecure: true/,
    )
  })

  test('it refuses values that it does not know', async () => {
    await expect(charted('goethe', ...insecure, '--set', 'replcias=5')).rejects.toThrow(/replcias/)
    await expect(charted('goethe', ...insecure, '--set', 'replicas=0')).rejects.toThrow(/replicas/)
  })

  test('it makes a secret for the members unless it is told of one', async () => {
    const made = objectsIn(await charted('goethe', ...insecure))
    const secret = made.find(({ kind }) => kind === 'Secret') as unknown as {
      data: { secret: string }
    }
    expect(Buffer.from(secret.data.secret, 'base64').length).toBeGreaterThanOrEqual(32)
    const told = await charted('goethe', ...insecure, '--set', 'members.secretName=mine')
    expect(objectsIn(told).some(({ kind }) => kind === 'Secret')).toBe(false)
    const { config } = new Installation(objectsIn(told))
    expect(new Installation(objectsIn(told)).secretAt(config.cluster.secretFile!)?.name).toBe(
      'mine',
    )
  })

  test('it says where clients find it, and who leads', async () => {
    const install = ['install', 'goethe', chart, '--namespace', 'weimar', '--dry-run=client']
    const said = await run(tools!.helm, [...install, ...insecure])
    const [, notes = ''] = said.split('NOTES:')
    expect(notes).toContain('goethe://goethe.weimar.svc:1337')
    expect(notes).toContain('kubectl -n weimar get lease goethe -o yaml')
  })

  test('two releases in a namespace have nothing in common', async () => {
    const [one, other] = await Promise.all(
      ['one', 'other'].map(async (name) => {
        return new Installation(objectsIn(await charted(name, ...insecure)))
      }),
    )
    const namesOf = ({ objects }: Installation): string[] =>
      objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(namesOf(one!).filter((name) => namesOf(other!).includes(name))).toEqual([])
    expect(one!.config.cluster.lease).not.toBe(other!.config.cluster.lease)
    for (const { spec } of one!.all('Service')) expect(other!.selects(spec!.selector)).toBe(false)
  })
})

/** What a real API server says, where one is named. */
function declareOnRealCluster(installed: () => Installation): void {
  const kubeconfig = process.env['GOETHE_TEST_KUBECONFIG']
  if (kubeconfig === undefined || kubeconfig === '') return
  test('a real API server takes them', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'goethe-deploy-'))
    try {
      const path = join(scratch, 'objects.json')
      const items = installed()
        .objects.filter(({ kind }) => kind !== 'ServiceMonitor')
        .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: undefined } }))
      await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
      const strict = ['--dry-run=server', '--validate=strict']
      const apply = ['--kubeconfig', kubeconfig, 'apply', ...strict, '-f', path]
      const said = await run(tools!.kubectl, apply)
      expect(said.trim().split('\n')).toHaveLength(items.length)
    } finally {
      await rm(scratch, { recursive: true })
    }
  })
}

/** Without what a chart adds to everything, sorted. */
function plain(objects: ReturnType<typeof objectsIn>): ReturnType<typeof objectsIn> {
  const added = new Set([
    'app.kubernetes.io/instance',
    'app.kubernetes.io/version',
    'app.kubernetes.io/managed-by',
    'helm.sh/chart',
    'annotations',
    'namespace',
    'image',
  ])
  const without = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(without)
    if (typeof value === 'string') return value.replace(/^(goethe-config)-[0-9a-z]{10}$/, '$1')
    if (typeof value !== 'object' || value === null) return value
    const kept = Object.entries(value).filter(([name]) => !added.has(name))
    return Object.fromEntries(kept.map(([name, inner]) => [name, without(inner)]))
  }
  const keyOf = ({ kind, metadata }: { kind: string; metadata: { name: string } }): string =>
    `${kind} ${metadata.name}`
  return (without(objects) as ReturnType<typeof objectsIn>)
    .map((object) =>
      object.kind === 'ConfigMap' ? { ...object, data: settingsIn(object) } : object,
    )
    .sort((first, second) => (keyOf(first) < keyOf(second) ? -1 : 1))
}

/** The settings of a ConfigMap; how they are laid out in the file is not compared. */
function settingsIn(map: object): unknown {
  const { data } = map as { data: Record<string, string> }
  const [settings] = objectsIn(data['goethe.yaml']!) as unknown as [Record<string, unknown>]
  const { insecure: _insecure, ...others } = settings
  return others
}
