/** Kubernetes objects in YAML, and what is wrong with them by the types that Kubernetes publishes. */
import { createRequire } from 'node:module'
import ts from 'typescript'
import { parseAllDocuments } from 'yaml'

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export function objectsIn(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)
}

/** Sentences. What is no part of Kubernetes itself, such as a ServiceMonitor, is passed over. */
export function problemsOf(objects: readonly KubernetesObject[]): string[] {
  const known = objects.filter(({ apiVersion }) => isKubernetes(apiVersion))
  return [...valueProblems(known), ...fieldProblems(known)]
}

function isKubernetes(apiVersion: string): boolean {
  const [group = ''] = apiVersion.split('/')
  return !group.includes('.') || group.endsWith('.k8s.io')
}

const require = createRequire(import.meta.url)
type Model = new (object: unknown) => { validate(): void }

/** What is required, of which type, and which values there are. */
function valueProblems(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap((object) => {
    const { apiVersion, kind } = object
    const models = require(`kubernetes-models/${apiVersion}/${kind}`) as Record<string, Model>
    try {
      new models[kind]!(object).validate()
      return []
    } catch (error) {
      return [`${nameOf(object)}: ${(error as Error).message}`]
    }
  })
}

/**
 * Fields that there are not, which an API server would drop or refuse. The compiler finds them: an
 * object that is written down may have no others than its type.
 */
function fieldProblems(objects: readonly KubernetesObject[]): string[] {
  const lines = objects.flatMap((object, index) => [
    `import type { I${object.kind} as Kind${index} } from 'kubernetes-models/${object.apiVersion}/${object.kind}'`,
    `export const object${index}: Kind${index} = ${JSON.stringify(object)}`,
  ])
  const path = new URL('objects-to-be-checked.ts', import.meta.url).pathname
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  const source = ts.createSourceFile(path, lines.join('\n'), ts.ScriptTarget.ES2022)
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, ...more) =>
    name === path ? source : getSourceFile.call(host, name, ...more)
  const program = ts.createProgram([path], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ messageText, start = 0 }) => {
    const line = source.getLineAndCharacterOfPosition(start).line
    const object = objects[Math.floor(line / 2)]!
    return `${nameOf(object)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`
}
