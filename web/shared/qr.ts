/** A made QR code as the picture of it. */
import { colors } from './tokens/tokens.json'

/** What a maker of QR codes gives: a square of dark and light modules. */
export interface Modules {
  getModuleCount(): number
  isDark(row: number, column: number): boolean
}

const QUIET = 2

/** The mode that makes the smallest code of a text. */
export function modeOf(text: string): 'Alphanumeric' | 'Byte' {
  return /^[0-9A-Z $%*+\-./:]+$/.test(text) ? 'Alphanumeric' : 'Byte'
}

/** Returns the address of a picture of a code, always dark on light, as scanners want it. */
export function pictureOf(code: Modules): string {
  const size = code.getModuleCount()
  let path = ''
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`
  const side = size + 2 * QUIET
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="${colors.light.surface}"/><path d="${path}" fill="${colors.light.ink}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
