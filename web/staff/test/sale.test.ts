import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { carry } from '@/api/client'
import { net } from '@/lib/net'
import { useCart } from '@/stores/cart'
import { useSale } from '@/stores/sale'

/** A house of its own: it keeps orders by id, and can lose replies. */
class House {
  orders = new Map<string, Record<string, unknown>>()
  asked: { path: string; method: string; body: Record<string, unknown> | null }[] = []
  loses = 0 // replies that get lost after the work was done
  dead = false
  refuses: Record<string, unknown> | null = null

  answer = async (path: string, init: RequestInit): Promise<Response> => {
    const body = init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : null
    const method = init.method ?? 'GET'
    if (path.startsWith('/health')) return new Response('{}', { status: this.dead ? 500 : 200 })
    this.asked.push({ path, method, body })
    if (this.dead) throw new TypeError('no network')
    const found = this.work(path, method, body)
    if (this.loses > 0 && path !== '/v1/quotes') {
      this.loses--
      throw new TypeError('the reply was lost')
    }
    return found
  }

  work(path: string, method: string, body: Record<string, unknown> | null): Response {
    const json = (of: unknown, status = 200): Response => new Response(JSON.stringify(of), { status })
    if (path === '/v1/quotes') return json({ priced: { due_fen: 2800, list_fen: 2800, points: 0, reasons: [], why_not: [], lines: [] }, names: [], points_available: 0, points_earned: 0 })
    if (path === '/v1/orders' && method === 'POST' && body) {
      if (this.refuses) return json(this.refuses, 409)
      const id = String(body['id'])
      const made = this.orders.get(id) ?? { id, kind: 'counter', state: 'placed', due_fen: 2800, points_earned: 0, lines: [], pay_state: body['cash'] ? 'paid' : 'unpaid' }
      this.orders.set(id, made)
      return json(made, 201)
    }
    const order = this.orders.get(path.split('/')[3] ?? '')
    if (!order) return json({ code: 'ordering.unknown', title: '', detail: '', status: 404, trace: '' }, 404)
    if (path.endsWith('/payments')) order['pay_state'] = body?.['auth_code'] === '990100000000000000' ? 'unpaid' : 'paying'
    return json(path.endsWith('/payments') ? { order, payment: {} } : order)
  }
}

let house: House
const BUNS = { id: 'buns', name: '小笼包', skus: [], groups: [], slots: [] } as never
const SKU = { id: 'buns-1', name: '', list_fen: 2800, member_fen: null, sold_out: false } as never

async function ready(): Promise<{ cart: ReturnType<typeof useCart>; sales: ReturnType<typeof useSale> }> {
  const cart = useCart()
  const sales = useSale()
  carry({ token: async () => 't', ended: () => undefined })
  cart.add(BUNS, SKU)
  await cart.price()
  return { cart, sales }
}

/** Ends a load of the page: nothing of it runs on. */
function reload(...stores: { $dispose(): void }[]): void {
  stores.forEach((store) => store.$dispose())
  vi.clearAllTimers()
  setActivePinia(createPinia())
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  setActivePinia(createPinia())
  house = new House()
  vi.stubGlobal('fetch', house.answer)
  net.heard()
})

describe('a sale', () => {
  it('in cash is one request, and gives change', async () => {
    const { cart, sales } = await ready()
    await sales.begin({ by: 'cash', tenderedFen: 5000 })
    expect([sales.stage, sales.sale?.changeFen, cart.isEmpty]).toEqual(['paid', 2200, true])
    expect(house.orders.size).toBe(1)
  })

  it('whose reply is lost is sent again under the same ids, and is one order', async () => {
    const { sales } = await ready()
    house.loses = 2
    await sales.begin({ by: 'cash', tenderedFen: 2800 })
    expect(sales.stage).toBe('doubt')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sales.stage).toBe('paid')
    const sent = house.asked.filter((each) => each.path === '/v1/orders')
    expect(sent.length).toBe(3)
    expect(new Set(sent.map((each) => JSON.stringify(each.body))).size).toBe(1)
    expect(house.orders.size).toBe(1)
  })

  it('that was cut off by a reload shows what the server has', async () => {
    const { cart, sales } = await ready()
    house.loses = 1
    await sales.begin({ by: 'cash', tenderedFen: 2800 })
    reload(sales, cart)
    const again = useSale()
    carry({ token: async () => 't', ended: () => undefined })
    await again.resume()
    expect([again.stage, again.sale?.order?.due_fen, useCart().isEmpty]).toEqual(['paid', 2800, true])
  })

  it('that never arrived gives the cart back after a reload', async () => {
    const { cart, sales } = await ready()
    house.dead = true
    await sales.begin({ by: 'cash', tenderedFen: 2800 })
    reload(sales, cart)
    house.dead = false
    const again = useSale()
    carry({ token: async () => 't', ended: () => undefined })
    await again.resume()
    expect([again.sale, again.fault?.code, useCart().pieces]).toEqual([null, 'not_placed', 1])
  })

  it('by a wallet waits until it is known, and can be paid another way when it failed', async () => {
    const { sales } = await ready()
    await sales.begin({ by: 'wallet', method: 'wallet', code: '990000000000000000' })
    expect(sales.stage).toBe('paying')
    const [order] = [...house.orders.values()]
    order!['pay_state'] = 'unpaid'
    await vi.advanceTimersByTimeAsync(3_000)
    expect(sales.stage).toBe('unpaid')
    const before = sales.sale?.paymentId
    await sales.payBy({ by: 'wallet', method: 'wallet', code: '990000000000000001' })
    expect(sales.sale?.paymentId).not.toBe(before)
    order!['pay_state'] = 'paid'
    await vi.advanceTimersByTimeAsync(3_000)
    expect(sales.stage).toBe('paid')
  })

  it('keeps no payment code of a guest', async () => {
    const { sales } = await ready()
    await sales.begin({ by: 'wallet', method: 'wallet', code: '990000000000000000' })
    expect(localStorage.getItem('goodtaste.sale')).not.toContain('990000000000000000')
  })

  it('whose price moved leaves the cart and says the new price', async () => {
    const { cart, sales } = await ready()
    house.refuses = { code: 'ordering.price_changed', title: '价格变了', detail: '', status: 409, trace: '', facts: { due_fen: 2600 } }
    await sales.begin({ by: 'cash', tenderedFen: 2800 })
    expect([sales.sale, sales.moved, cart.pieces]).toEqual([null, 2600, 1])
  })

  it('does not begin twice for two taps', async () => {
    const { sales } = await ready()
    await Promise.all([sales.begin({ by: 'cash', tenderedFen: 2800 }), sales.begin({ by: 'cash', tenderedFen: 2800 })])
    expect(house.orders.size).toBe(1)
  })
})
