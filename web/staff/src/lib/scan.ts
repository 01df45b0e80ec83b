/**
 * What a scanned text is, by its form alone, as the server tells them apart (`member/scan.py`, `payment/pay_codes.py`).
 * Codes of members never go to a payment provider, and a payment code never makes a visit.
 */
export type Scanned =
  | { readonly kind: 'member'; readonly code: string }
  | { readonly kind: 'pay'; readonly code: string; readonly method: string }
  | { readonly kind: 'coupon' | 'pickup' | 'unknown'; readonly code: string }

const WALLETS: readonly (readonly [string, RegExp])[] = [
  ['wechat_pay', /^1[0-5][0-9]{16}$/],
  ['alipay', /^(?:2[5-9]|30)[0-9]{14,22}$/],
  ['unionpay', /^62[0-9]{17}$/],
]
const MEMBER = /^(?:M1[A-Z2-7]{128}|88[0-9]{16})$/
const SANDBOX = /^99[0-9]{16}$/

/** Tells what was scanned; the forms exclude each other. `99…` is the wallet of a demonstration, which no real wallet uses. */
export function classify(text: string): Scanned {
  const code = text.trim()
  if (MEMBER.test(code)) return { kind: 'member', code }
  for (const [method, form] of WALLETS) if (form.test(code)) return { kind: 'pay', code, method }
  if (SANDBOX.test(code)) return { kind: 'pay', code, method: 'wallet' }
  if (/^C1[2-9A-HJ-NP-Z]{17}$/.test(code)) return { kind: 'coupon', code }
  if (/^P1[0-9A-Z]{2,32}$/.test(code)) return { kind: 'pickup', code }
  return { kind: 'unknown', code }
}
