/** A text as the picture of a QR code. */
import { modeOf, pictureOf } from '@shared/qr'
import qrcode from 'qrcode-generator'

export function qrSrc(text: string): string {
  const code = qrcode(0, 'M')
  code.addData(text, modeOf(text))
  code.make()
  return pictureOf(code)
}
