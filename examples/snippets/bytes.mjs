//#region
/** @param {unknown} value */
export const bytes = (value) => new TextEncoder().encode(JSON.stringify(value))
//#endregion
