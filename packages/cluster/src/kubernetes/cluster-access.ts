/** How to reach an API server: from a kubeconfig, or as a pod of its cluster. */

/** What proves who we are and who the server is. It changes while we run: tokens rotate. */
export interface Credentials {
  /** Of a service account. */
  readonly token?: string | undefined
  /** The authorities that may sign the server's certificate, as PEM. Default: those of Node. */
  readonly ca?: string | undefined
  /** Our certificate and its key, as PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface ClusterAccess {
  /** `https://host:port`, with a path where the API is below one. */
  readonly server: string
  /** Where our objects are. */
  readonly namespace: string
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly serverName?: string | undefined
  /** Takes any certificate of the server: for experiments alone. */
  readonly skipVerification?: boolean | undefined
  /** Reads them from where they are kept. Called again and again. */
  readCredentials(): Promise<Credentials>
}
