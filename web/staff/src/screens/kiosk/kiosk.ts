import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { ask, NoAnswer } from '@/api/client'
import type { Arrived, Cart, Dish, Menu, Quote, Sku } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { newId } from '@/lib/ids'
import { kept } from '@/lib/kept'
import { language, type Language } from '@/lib/words'
import { LINES_MAX, QTY_MAX, same, type Line } from '@/stores/cart'
import { useSession } from '@/stores/session'

export type Step = 'start' | 'menu' | 'cart' | 'pay'
/** Eaten here, or packed to go. */
export type Where = 'kiosk' | 'pickup'

const FRESH_MS = 5_000
const QUOTE_AFTER_MS = 120
const HOME: Language = kept<Language>('kiosk_language', 'zh-CN')

/**
 * What the person before the kiosk has chosen. All of it is in memory: `forget` and a reload leave nothing of them; what they have ordered
 * is `paying.ts`.
 */
export const useKiosk = defineStore('kiosk', () => {
  const session = useSession()
  const menu = shallowRef<Menu | null>(null)
  const fault = ref<Fault | null>(null)
  const step = ref<Step>('start')
  const where = ref<Where>('kiosk')
  const lines = ref<readonly Line[]>([])
  const member = ref<Arrived | null>(null)
  const allPoints = ref(false)
  const quote = shallowRef<Quote | null>(null)
  const trouble = ref<Fault | null>(null)
  let asking: AbortController | null = null
  let timer = 0

  const storeId = computed(() => session.device?.store_id ?? '')
  const isEmpty = computed(() => lines.value.length === 0)
  const pieces = computed(() => lines.value.reduce((sum, line) => sum + line.qty, 0))
  const dishes = computed<readonly Dish[]>(() => (menu.value?.categories ?? []).flatMap((each) => each.dishes))
  const names = computed(() => {
    const found: Record<string, string> = { ...offers.value }
    for (const dish of dishes.value) {
      found[dish.id] = dish.name
      for (const sku of dish.skus) found[sku.id] = sku.name ? `${dish.name}（${sku.name}）` : dish.name
    }
    return found
  })
  const offers = shallowRef<Readonly<Record<string, string>>>({})

  async function load(): Promise<void> {
    if (!storeId.value) return
    const at = { store_id: storeId.value }
    try {
      const found = await ask('get', '/v1/stores/{store_id}/menu', { at, query: { channel: 'kiosk' }, as: 'nobody' })
      if (JSON.stringify(found) !== JSON.stringify(menu.value)) menu.value = found
      fault.value = null
      const live = await ask('get', '/v1/stores/{store_id}/offers', { at, as: 'nobody' })
      offers.value = Object.fromEntries(live.map((each) => [each.id, each.name]))
    } catch (error) {
      if (!menu.value) fault.value = faultOf(error)
    }
  }

  /** Keeps the menu as it is now, in the language of the screen; returns how to stop. */
  function watchMenu(): () => void {
    void load()
    const fresh = window.setInterval(() => void load(), FRESH_MS)
    const stop = watch(language, () => void load())
    return () => {
      clearInterval(fresh)
      stop()
    }
  }

  function begin(at: Where): void {
    where.value = at
    step.value = 'menu'
  }

  function add(dish: Dish, sku: Sku, picked: Partial<Pick<Line, 'options' | 'parts' | 'qty'>> = {}): void {
    const made: Line = { key: newId(), dishId: dish.id, skuId: sku.id, name: dish.name, size: sku.name, qty: 1, options: [], parts: [], note: '', listFen: sku.list_fen, ...picked }
    const there = lines.value.find((line) => same(line, made))
    if (there) setQty(there.key, there.qty + made.qty)
    else if (lines.value.length < LINES_MAX) lines.value = [...lines.value, made]
  }

  function setQty(key: string, qty: number): void {
    lines.value = lines.value.filter((line) => line.key !== key || qty > 0).map((line) => (line.key === key ? { ...line, qty: Math.min(qty, QTY_MAX) } : line))
  }

  /** Begins the visit of the member whose code was shown. */
  async function arrive(code: string): Promise<void> {
    member.value = await ask('post', '/v1/member-codes/scan', { body: { code, store_id: storeId.value }, as: 'terminal' })
  }

  function leaveMember(): void {
    member.value = null
    allPoints.value = false
  }

  /** Clears everything of the person who stood here. */
  function forget(): void {
    asking?.abort()
    step.value = 'start'
    where.value = 'kiosk'
    lines.value = []
    leaveMember()
    quote.value = null
    trouble.value = null
    language.value = HOME
  }

  /** What is sent to have the cart priced, and what an order is made of. */
  function asked(): Cart {
    return {
      store_id: storeId.value,
      channel: 'kiosk',
      kind: where.value,
      lines: lines.value.map((line) => ({ sku_id: line.skuId, qty: line.qty, options: line.options.map((o) => o.id), parts: line.parts.map(({ slot_id, sku_id }) => ({ slot_id, sku_id })) })),
      ...(member.value ? { member_id: member.value.member_id, visit_id: member.value.visit_id, all_points: allPoints.value } : {}),
    }
  }

  async function price(): Promise<void> {
    asking?.abort()
    quote.value = isEmpty.value ? null : quote.value
    if (isEmpty.value) return
    const mine = (asking = new AbortController())
    try {
      const found = await ask('post', '/v1/quotes', { body: asked(), signal: mine.signal, as: 'terminal' })
      if (asking !== mine) return
      quote.value = found
      trouble.value = null
    } catch (error) {
      if (asking !== mine || mine.signal.aborted) return
      quote.value = null
      trouble.value = error instanceof NoAnswer ? null : faultOf(error)
      if (error instanceof NoAnswer) timer = window.setTimeout(() => void price(), FRESH_MS)
    }
  }

  watch(
    () => JSON.stringify(asked()),
    () => {
      asking?.abort()
      quote.value = null
      clearTimeout(timer)
      timer = window.setTimeout(() => void price(), QUOTE_AFTER_MS)
    },
  )

  return { menu, fault, step, where, lines, member, allPoints, quote, trouble, storeId, isEmpty, pieces, dishes, names, load, watchMenu, begin, add, setQty, arrive, leaveMember, forget, asked, price }
})
