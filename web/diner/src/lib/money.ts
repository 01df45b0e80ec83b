/** Money as it is read: whole fen in, words out. */
export { yuan } from '@shared/price/src/price'

/** Returns an amount in two parts for large type: yuan without needless zeros, and the fen where there are any. */
export function parts(fen: number): { whole: string; rest: string } {
  const cents = Math.abs(fen) % 100
  const whole = `${fen < 0 ? '-' : ''}${Math.floor(Math.abs(fen) / 100)}`
  return { whole, rest: cents === 0 ? '' : `.${String(cents).padStart(2, '0').replace(/0$/, '')}` }
}
