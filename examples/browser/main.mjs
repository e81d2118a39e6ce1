import { serve } from './server.mjs'

const { url } = await serve(Number(process.argv[2] ?? 8080))
console.log(`Open ${url} in a browser, then in a second tab. Ctrl+C ends the server.`)
