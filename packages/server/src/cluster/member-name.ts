import { hostname } from 'node:os'
import type { Config } from '../config.js'

/** The name of this instance: of its pod, which is its host's. */
export function memberOf({ cluster }: Pick<Config, 'cluster'>): string {
  return cluster.member ?? hostname()
}
