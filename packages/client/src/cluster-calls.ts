/** What operators ask of a cluster, by way of a client. */
import type { AbortSignalLike } from '@goethe/core'
import {
  type ClusterStatus,
  type Method,
  clusterFromMessage,
  clusterMethods as methods,
  create,
  messages,
} from '@goethe/protocol'

/** Makes one call of the client that this belongs to. */
type CallOnce = <Request, Response>(
  method: Method<Request, Response>,
  request: Request,
  signal?: AbortSignalLike,
) => Promise<Response>

/**
 * The cluster that a server belongs to. All of it rejects with GOETHE_INVALID_ARGUMENT, as an
 * ArgumentError, where the server belongs to none; what changes something needs the right `admin`
 * on `*`.
 */
export class ClusterCalls {
  readonly #call: CallOnce

  constructor(call: CallOnce) {
    this.#call = call
  }

  /** How the cluster is, as far as the member knows that the client is connected to. */
  async status(): Promise<ClusterStatus> {
    const request = create(messages.DescribeClusterRequestSchema)
    return clusterFromMessage(await this.#call(methods.describeCluster, request))
  }

  /**
   * Gives the lead to another member that is in sync, and resolves once one has taken it. `epoch` is
   * that of the lead that is meant: when there is a later one already, nothing is done.
   */
  async handOver(epoch: number): Promise<void> {
    const request = create(messages.HandOverRequestSchema, { epoch: BigInt(epoch) })
    await this.#call(methods.handOver, request)
  }

  /** Takes a member out of those that are waited for, until it is added again. */
  async removeMember(member: string): Promise<void> {
    await this.#call(methods.removeMember, create(messages.RemoveMemberRequestSchema, { member }))
  }

  /**
   * Lets in again what was taken out under this name. A member that never was taken out joins by
   * itself, once it is started where the others hear it: for that one nothing is done.
   */
  async addMember(member: string): Promise<void> {
    await this.#call(methods.addMember, create(messages.AddMemberRequestSchema, { member }))
  }

  /**
   * Sets the fewest in-sync members with which writes are taken. Rejects with an ArgumentError for
   * more than are in sync, as the cluster would take no writes then.
   */
  async setMinInSync(minInSync: number): Promise<void> {
    await this.#call(
      methods.setMinInSync,
      create(messages.SetMinInSyncRequestSchema, { minInSync }),
    )
  }

  /**
   * Makes the member lead that the client is connected to, although entries that were acknowledged
   * may be missing there. They are lost for good then.
   */
  async recover(): Promise<void> {
    await this.#call(methods.recover, create(messages.RecoverRequestSchema))
  }
}
