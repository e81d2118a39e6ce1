export { Block } from './block.js'
