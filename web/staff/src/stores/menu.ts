import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ask } from '@/api/client'
import type { Dish, Menu, Stock } from '@/api/types'
import { faultOf, type Fault } from '@/lib/fault'
import { useSession } from './session'

const FRESH_MS = 10_000

/** The menu of the store as it is now, what is left of each SKU where that is counted, and what offers and dishes are called. */
export const useMenu = defineStore('menu', () => {
  const session = useSession()
  const menu = shallowRef<Menu | null>(null)
  const stock = shallowRef<ReadonlyMap<string, Stock>>(new Map())
  const offers = shallowRef<Readonly<Record<string, string>>>({})
  const fault = ref<Fault | null>(null)
  let timer = 0
  let watchers = 0

  const dishes = computed<readonly Dish[]>(() => (menu.value?.categories ?? []).flatMap((each) => each.dishes))
  const dishOfSku = computed(() => new Map(dishes.value.flatMap((dish) => dish.skus.map((sku) => [sku.id, dish] as const))))
  const names = computed<Record<string, string>>(() => {
    const found: Record<string, string> = { ...offers.value }
    for (const dish of dishes.value) {
      found[dish.id] = dish.name
      for (const sku of dish.skus) found[sku.id] = sku.name ? `${dish.name}（${sku.name}）` : dish.name
    }
    return found
  })

  async function load(): Promise<void> {
    const id = session.storeId
    if (!id) return
    try {
      const found = await ask('get', '/v1/stores/{store_id}/menu', { at: { store_id: id }, query: { channel: 'counter' }, as: 'nobody' })
      if (JSON.stringify(found) !== JSON.stringify(menu.value)) menu.value = found
      fault.value = null
      if (session.can('menu.read')) stock.value = new Map((await ask('get', '/v1/stores/{store_id}/stock', { at: { store_id: id } })).map((each) => [each.sku_id, each]))
      const live = await ask('get', '/v1/stores/{store_id}/offers', { at: { store_id: id }, as: 'nobody' })
      offers.value = Object.fromEntries(live.map((each) => [each.id, each.name]))
    } catch (error) {
      if (!menu.value) fault.value = faultOf(error)
    }
  }

  /** Keeps the menu fresh for as long as somebody looks at it; returns how to stop. */
  function watchIt(): () => void {
    if (watchers++ === 0) {
      void load()
      timer = window.setInterval(() => {
        if (document.visibilityState === 'visible') void load()
      }, FRESH_MS)
    }
    return () => {
      if (--watchers === 0) clearInterval(timer)
    }
  }

  /** Returns the portions left of a dish where they are counted for every size of it; null where they are not. */
  function leftOf(dish: Dish): number | null {
    let sum = 0
    for (const sku of dish.skus) {
      const left = stock.value.get(sku.id)?.portions_left
      if (left == null) return null
      sum += left
    }
    return sum
  }

  return { menu, stock, dishes, dishOfSku, names, fault, load, watchIt, leftOf }
})
