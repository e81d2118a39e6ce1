/** The one method of the service that does nothing. */
export const emptyPath = '/bench.Empty/Call'
