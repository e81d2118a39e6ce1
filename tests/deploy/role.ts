/** A Role, and what it allows as RBAC understands it. */
import type { AskedRight } from '../../packages/cluster/tests-support/api-request.js'

export interface Role {
  readonly rules: readonly Rule[]
}

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** The rules that let somebody do it. One that names objects allows nothing where no name is known. */
export function rulesFor(role: Role, { verb, group, resource, name }: AskedRight): readonly Rule[] {
  return role.rules.filter(
    ({ apiGroups, resources, verbs, resourceNames }) =>
      apiGroups.includes(group) &&
      resources.includes(resource) &&
      verbs.includes(verb) &&
      (resourceNames === undefined || (name !== undefined && resourceNames.includes(name))),
  )
}

/** What it allows and nobody asked for, as `verb resource`. */
export function unusedRights(role: Role, asked: readonly AskedRight[]): string[] {
  return role.rules.flatMap((rule) =>
    rule.verbs
      .filter((verb) => {
        const only = { rules: [{ ...rule, verbs: [verb] }] }
        return !asked.some((right) => rulesFor(only, right).length > 0)
      })
      .map((verb) => `${verb} ${rule.resources.join(',')}`),
  )
}
