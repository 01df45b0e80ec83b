import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Dish, Sku } from '@/api/types'
import { find, readReadings } from '@/lib/find'
import { listOf, useCart } from '@/stores/cart'

// What a till needs of a SKU; whatever else a menu tells is not looked at.
const sku = (id: string, fen: number): Sku => ({ id, name: '', list_fen: fen, member_fen: null, sold_out: false }) as Sku
const dish = (id: string, name: string, fen: number): Dish =>
  ({ id, kind: 'dish', name, description: '', pictures: [], tags: [], allergens: [], spice: 0, calories_kcal: null, carbon_g: null, prep_minutes: 1, sold_out: false, skus: [sku(`${id}-1`, fen)], groups: [], slots: [] }) as Dish
const buns = dish('buns', '小笼包', 2800)
const rice = dish('rice', '蛋炒饭', 2600)

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
})

describe('the cart', () => {
  it('makes one line of the same choice, and two of different ones', () => {
    const cart = useCart()
    cart.add(buns, buns.skus[0]!)
    cart.add(buns, buns.skus[0]!)
    cart.add(buns, buns.skus[0]!, { note: '少醋' })
    expect(cart.basket.lines.map((line) => line.qty)).toEqual([2, 1])
    expect(cart.listFen).toBe(3 * 2800)
  })

  it('reckons options and what is extra in a set for every piece', () => {
    const cart = useCart()
    cart.add(rice, rice.skus[0]!, { qty: 2, options: [{ id: 'egg', name: '加蛋', price_fen: 300 }], parts: [{ slot_id: 's', sku_id: 'x', name: '大', extra_fen: 200 }] })
    expect(listOf(cart.basket.lines[0]!)).toBe(2 * (2600 + 300 + 200))
  })

  it('is there after a reload, and empty after it was emptied', async () => {
    const cart = useCart()
    cart.add(buns, buns.skus[0]!)
    await Promise.resolve()
    setActivePinia(createPinia())
    const again = useCart()
    expect(again.basket.lines[0]?.name).toBe('小笼包')
    again.clear()
    await Promise.resolve()
    setActivePinia(createPinia())
    expect(useCart().isEmpty).toBe(true)
  })

  it('joins a line that is changed into the same choice as another', () => {
    const cart = useCart()
    cart.add(buns, buns.skus[0]!)
    cart.add(buns, buns.skus[0]!, { note: '少醋' })
    cart.replace({ ...cart.basket.lines[1]!, note: '' })
    expect(cart.basket.lines.map((line) => line.qty)).toEqual([2])
  })

  it('holds an order and swaps it for the one at hand when it is recalled', () => {
    const cart = useCart()
    expect(cart.hold()).toBe(false)
    cart.add(buns, buns.skus[0]!)
    cart.hold()
    expect(cart.isEmpty).toBe(true)
    cart.add(rice, rice.skus[0]!)
    cart.recall(cart.held[0]!.id)
    expect(cart.basket.lines[0]?.name).toBe('小笼包')
    expect(cart.held[0]?.basket.lines[0]?.name).toBe('蛋炒饭')
  })

  it('asks for the coupon that was chosen, of the member who is here only', () => {
    const cart = useCart()
    cart.add(buns, buns.skus[0]!)
    cart.change({ couponId: 'c', noCoupon: true })
    expect(cart.asked()).not.toHaveProperty('coupon_ids')
    cart.change({ member: { member_id: 'm', visit_id: 'v' } as never })
    expect(cart.asked()).toMatchObject({ member_id: 'm', visit_id: 'v', coupon_ids: ['c'] })
  })
})

describe('search', () => {
  it('finds by characters at once, and by pinyin and initials once the readings are there', async () => {
    const all = [rice, buns]
    expect(find(all, '笼包').map((each) => each.name)).toEqual(['小笼包'])
    expect(find(all, 'xlb')).toEqual([])
    await readReadings()
    for (const asked of ['xlb', 'XLB', 'xiaolong', 'long', ' xiao long bao']) expect(find(all, asked).map((each) => each.name)).toEqual(['小笼包'])
    expect(find(all, 'dcf').map((each) => each.name)).toEqual(['蛋炒饭'])
    expect(find(all, 'zzz')).toEqual([])
    expect(find(all, ' ')).toHaveLength(2)
  })
})
