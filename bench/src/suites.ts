import { clusterSuite } from '../cluster/suite'
import { serverSuite } from '../server/suite'
import { embeddedSuite } from './embedded-suite'
import type { Suite } from './suite'

/** The first one is measured where none is named. */
export const suites: readonly Suite[] = [embeddedSuite, serverSuite, clusterSuite]
