/** A coordinator on one key of etcd, whose `mod_revision` is the token. */
import { create } from '@bufbuild/protobuf'
import { type AbortSignalLike, ArgumentError, type GoetheError } from '@goethe/core'
import { EtcdClient, type EtcdMethod, type EtcdOptions } from '../etcd/etcd-client.js'
import type { EtcdFailure } from '../etcd/etcd-failure.js'
import { etcdWatch } from '../etcd/etcd-watch.js'
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  RangeRequestSchema,
  RangeResponseSchema,
  TxnRequestSchema,
  TxnResponseSchema,
} from '../gen/etcdserverpb/rpc_pb.js'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator.js'
import { checkRecord } from './record-bounds.js'
import { recordJson, recordOfJson } from './record-json.js'

export interface EtcdCoordinatorOptions extends EtcdOptions {
  /** Where the record is. Default: goethe. */
  key?: string
  /** Why a watch hears nothing for now, for logs. */
  onProblem?: (error: GoetheError) => void
}

const range: EtcdMethod<typeof RangeRequestSchema, typeof RangeResponseSchema> = {
  path: '/etcdserverpb.KV/Range',
  request: RangeRequestSchema,
  response: RangeResponseSchema,
  isRepeatable: true,
}

const transaction: EtcdMethod<typeof TxnRequestSchema, typeof TxnResponseSchema> = {
  path: '/etcdserverpb.KV/Txn',
  request: TxnRequestSchema,
  response: TxnResponseSchema,
  isRepeatable: false,
}

export class EtcdCoordinator implements Coordinator {
  readonly #client: EtcdClient
  readonly #key: Uint8Array
  readonly #where: string
  readonly #onProblem: ((error: GoetheError) => void) | undefined

  constructor({ key = 'goethe', onProblem, ...options }: EtcdCoordinatorOptions) {
    if (typeof key !== 'string' || key === '') throw new ArgumentError("'key' is a string, not ''")
    this.#client = new EtcdClient(options)
    this.#key = Buffer.from(key)
    this.#where = `key ${JSON.stringify(key)} of etcd`
    this.#onProblem = onProblem
  }

  async read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined> {
    const request = create(RangeRequestSchema, { key: this.#key })
    const response = await this.#client
      .call(range, request, signal)
      .catch((failure: EtcdFailure) => Promise.reject(failure.error))
    const [pair] = response.kvs
    if (pair === undefined) return undefined
    const text = Buffer.from(pair.value).toString('utf8')
    return { record: recordOfJson(text, this.#where), token: `${pair.modRevision}` }
  }

  change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    checkRecord(record)
    return this.#change(token, record)
  }

  watch(onChange: () => void): () => void {
    const onProblem = this.#onProblem
    return etcdWatch(this.#client, this.#key, {
      onChange,
      ...(onProblem !== undefined && { onProblem }),
    })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    // Of no record of etcd's.
    if (token !== undefined && !/^[1-9]\d{0,18}$/.test(token)) return { outcome: 'refused' }
    const key = this.#key
    const request = create(TxnRequestSchema, {
      compare: [
        {
          key,
          result: Compare_CompareResult.EQUAL,
          target: Compare_CompareTarget.MOD,
          // A key that does not exist has 0.
          targetUnion: { case: 'modRevision', value: BigInt(token ?? 0) },
        },
      ],
      success: [
        { request: { case: 'requestPut', value: { key, value: Buffer.from(recordJson(record)) } } },
      ],
    })
    try {
      const { succeeded, header } = await this.#client.call(transaction, request)
      return succeeded
        ? { outcome: 'changed', token: `${header?.revision}` }
        : { outcome: 'refused' }
    } catch (error) {
      const { isCertain, error: cause } = error as EtcdFailure
      return { outcome: isCertain ? 'failed' : 'unknown', cause }
    }
  }
}
