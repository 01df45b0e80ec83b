/** A text as the picture of a QR code. */
import { colors } from '@shared/tokens/tokens.json'
import qrcode from 'qrcode-generator'

const QUIET = 2

export function qrSrc(text: string): string {
  const code = qrcode(0, 'M')
  code.addData(text, /^[0-9A-Z $%*+\-./:]+$/.test(text) ? 'Alphanumeric' : 'Byte')
  code.make()
  const size = code.getModuleCount()
  let path = ''
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`
  const side = size + 2 * QUIET
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><rect width="${side}" height="${side}" fill="${colors.light.surface}"/><path d="${path}" fill="${colors.light.ink}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
