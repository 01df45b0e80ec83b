import { computed, ref, watch } from 'vue'
import { ask } from '@/api/client'
import type { Store } from '@/api/types'
import { keep, kept } from '@/lib/kept'
import { language } from '@/lib/words'
import { useSession } from '@/stores/session'

const PAGE = 200
const MINUTE_MS = 60_000

/** The store that is looked at, '' for all of them, and the trading day, '' for the one that runs. */
export const chosen = ref(kept<string>('console.store', ''))
export const day = ref('')
export const stores = ref<readonly Store[]>([])

watch(chosen, (now) => keep('console.store', now))

/** Whether the person works for the whole brand, and not at some of its stores only. */
export const isAtHead = computed(() => useSession().isAtHead)

/** The stores that the person may look at. */
export const reachable = computed(() => {
  const rights = useSession().who?.rights ?? []
  return stores.value.filter((store) => rights.some((each) => each.store_id === null || each.store_id === store.id))
})

/** The store that is looked at; '' for all, which only who works for the whole brand can choose. */
export const storeId = computed(() => {
  const rights = useSession().who?.rights ?? []
  const places = rights.map((each) => each.store_id)
  if (isAtHead.value || places.includes(chosen.value)) return chosen.value
  return places.find((each) => each !== null) ?? ''
})
export const store = computed(() => stores.value.find((each) => each.id === storeId.value) ?? null)
export const zone = computed(() => (store.value ?? reachable.value[0])?.zone ?? 'Asia/Shanghai')

/** Tells whether the person may do something at a store; '' for all stores together. */
export function may(permission: string | undefined, at: string = storeId.value): boolean {
  if (!permission) return true
  const rights = useSession().who?.rights ?? []
  return rights.some((each) => (each.store_id === null || each.store_id === at) && each.permissions.includes(permission))
}

export function nameOf(id: string | null | undefined): string {
  const found = stores.value.find((each) => each.id === id)
  return found ? (language.value === 'en' && found.name_en) || found.name : ''
}

/** Returns the trading day that runs at a store, as 2026-11-23: until `day_start_minute` it is still the one before. */
export function today(at: Store | null = store.value ?? reachable.value[0] ?? null, now: number = Date.now()): string {
  const moment = new Date(now - (at?.day_start_minute ?? 0) * MINUTE_MS)
  return new Intl.DateTimeFormat('sv-SE', { timeZone: at?.zone ?? 'Asia/Shanghai' }).format(moment)
}

export const businessDay = computed(() => day.value || today())

/** Reads the stores, a page at a time. */
export async function readStores(): Promise<void> {
  const found: Store[] = []
  for (;;) {
    const page = await ask('get', '/v1/stores', { query: { limit: PAGE, after: found.at(-1)?.id ?? null }, as: 'nobody' })
    found.push(...page)
    if (page.length < PAGE) break
  }
  stores.value = found
}
