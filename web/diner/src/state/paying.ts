/** Placing an order and paying it: each once, whatever becomes of the replies. */
import { api, CHANNEL, HOUSE } from '@/api'
import { Problem } from '@/api/client'
import type { Cart, Order, PaidAtTable, Paying, Quote } from '@/api/shapes'
import { abroad } from '@/lib/go'
import { intend, pending, settle } from '@/lib/intents'

const PLACE = 'order'
const AT_TABLE = 'pay.table'
const payAct = (order_id: string) => `pay.${order_id}`

/** Returns the order that was sent and of which nobody heard, where the server has it. */
export async function lostOrder(): Promise<Order | null> {
  const open = pending(PLACE)
  if (open === null) return null
  try {
    return await api.get('/v1/orders/{order_id}', { path: { order_id: open.id } })
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null
    throw error
  }
}

export const forgetOrder = (): void => settle(PLACE)

/** Places a cart for the price that was seen.  The same cart again is the same order until its outcome is known. */
export async function place(cart: Cart, seen: Quote, member_id: string, note: string, address_id: string): Promise<Order> {
  const { all_points: _all, no_coupon: _none, coupon_ids: _ids, points: _points, ...rest } = cart
  const used = seen.priced.reasons.filter((reason) => reason.code.startsWith('coupon_') && reason.offer_id)
  const coupon_ids = [...new Set(used.map((reason) => reason.offer_id as string))]
  const body = { ...rest, kind: rest.kind ?? 'pickup', member_id, coupon_ids, points: seen.priced.points, seen_due_fen: seen.priced.due_fen, note, ...(cart.kind === 'delivery' ? { address_id } : {}) }
  const id = intend(PLACE, body)
  try {
    const order = await api.post('/v1/orders', { body: { id, ...body } })
    settle(PLACE)
    return order
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) settle(PLACE) // heard, and refused
    throw error
  }
}

export interface Wallet {
  readonly method: string
  readonly way: 'qr' | 'h5' | 'mini_program'
}

/** Begins to pay what is due, and returns what is to be done for it. */
export async function pay(order: Order, wallet: Wallet): Promise<Paying> {
  const body = { method: wallet.method, amount_fen: order.due_fen, way: wallet.way, ...(await loginCode(wallet)) }
  const act = payAct(order.id)
  const payment_id = intend(act, { method: body.method, amount_fen: body.amount_fen, version: order.version })
  try {
    return await api.post('/v1/orders/{order_id}/payments', { path: { order_id: order.id }, body: { payment_id, ...body } })
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) settle(act)
    throw error
  }
}

/** What a phone pays of a bill of its table. */
export interface Share {
  readonly order_id: string
  readonly method: string
  readonly amount_fen: number
  readonly seen_due_fen: number
  readonly way: Wallet['way']
}

/** Pays of a bill of the table.  What was begun before and is not over is the same attempt; what became of it is heard by asking again. */
export async function payAtTable(share: Share): Promise<PaidAtTable> {
  const { order_id, ...body } = share
  const payment_id = intend(AT_TABLE, share)
  try {
    const begun = await api.post('/v1/seating/bills/{order_id}/payments', { path: { order_id }, body: { payment_id, ...body, ...(await loginCode(share)) } })
    if (begun.payment.state !== 'pending' && begun.payment.state !== 'unknown') settle(AT_TABLE)
    return begun
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < 500) settle(AT_TABLE)
    throw error
  }
}

/** What this phone has begun to pay at a table, and of which it has not heard. */
export function begunAtTable(): Share | null {
  const open = pending(AT_TABLE)
  return open && (JSON.parse(open.content) as Share)
}

export const settled = (order_id: string): void => settle(payAct(order_id))

async function loginCode(wallet: Wallet): Promise<{ login_code?: string }> {
  if (wallet.way !== 'mini_program' || wallet.method !== 'wechat_pay') return {}
  return new Promise((resolve, reject) => uni.login({ provider: 'weixin', success: ({ code }) => resolve({ login_code: code }), fail: reject }))
}

/** Does what a wallet asks for: opens its page, or has the mini-program's own sheet shown. */
export async function act(paying: Pick<Paying, 'action'>): Promise<void> {
  const todo = (paying.action ?? {}) as Record<string, string>
  if (todo['pay_url']) return abroad(here(todo['pay_url']))
  // #ifdef MP-WEIXIN
  if (todo['paySign'])
    await new Promise<void>((resolve) => uni.requestPayment({ provider: 'wxpay', orderInfo: '', ...todo, complete: () => resolve() } as never))
  // #endif
}

/** A sandbox of our own house keeps the address under which this page came. */
function here(url: string): string {
  const path = /^https?:\/\/[^/]+(\/sandbox\/.*)$/.exec(url)?.[1]
  return path ? `${HOUSE}${path}` : url
}

/** The wallets of this app, in the order in which they are offered. */
export function wallets(methods: readonly string[]): Wallet[] {
  const way = CHANNEL === 'mini_program' ? 'mini_program' : 'h5'
  return methods.filter((method) => method !== 'wallet' || CHANNEL === 'web').map((method) => ({ method, way }))
}
