import { yuan as long } from '@shared/price/src/price'

export { long as yuan }

/** Writes fen as a till does: without the decimals where there are none. 5800 is 58, 1250 is 12.50. */
export function short(fen: number): string {
  return fen % 100 === 0 ? String(fen / 100) : (fen / 100).toFixed(2)
}
