/** Where the diner is ordering: the store, its menu, and the table or the counter. */
import { computed, ref, shallowRef } from 'vue'
import { api, menuOf, sentence } from '@/api'
import type { Menu, Store } from '@/api/shapes'
import { first, letKnow } from '@/lib/first'
import { keep, load } from '@/lib/storage'
import { language } from './language'

export interface Seat {
  readonly store_id: string
  readonly seating_id: string
  readonly guest_id: string
  readonly token: string
  readonly label: string
  readonly name: string
  readonly colour: number
  readonly code: string
}

const drawn = first?.language === language.value ? first : null
const kept = load<Store[]>('stores', [])
export const stores = shallowRef<readonly Store[]>([...(first?.stores ?? []), ...kept.filter((each) => !first?.stores.some((known) => known.id === each.id))])
export const store_id = ref(load('store', '') || (first?.store_id ?? ''))
export const seat = ref<Seat | null>(load<Seat | null>('seat', null))
/** The menu as it was last seen stands until the one of this moment is here. */
const seen = load<{ language: string; menu: Menu } | null>('menu', null)
export const menu = shallowRef<Menu | null>(seen?.language === language.value && seen.menu.store_id === load('store', '') ? seen.menu : null)
export const menuFault = ref('')
/** The menu as the home page shows it: what the house drew it from, until the whole menu is here. */
const drawnMenu = shallowRef<Menu | null>(drawn?.store_id === store_id.value ? drawn.menu : null)
export const homeMenu = computed(() => drawnMenu.value ?? menu.value)
export const spot = ref<{ latitude: number; longitude: number } | null>(null)

export const store = computed(() => stores.value.find((each) => each.id === store_id.value) ?? null)
export const nameOf = (each: { name: string; name_en: string }): string =>
  language.value === 'en' && each.name_en ? each.name_en : each.name
export const addressOf = (each: Store): string => (language.value === 'en' && each.address_en ? each.address_en : each.address)

/** Loads the stores, the nearest first where the phone said where it is; stays at the store that was chosen. */
export async function loadStores(): Promise<void> {
  const found = await api.get('/v1/stores', { query: { limit: 50, ...(spot.value ?? {}) } })
  stores.value = found
  keep('stores', found)
  if (!found.some((each) => each.id === store_id.value)) chooseStore((found.find((each) => each.open_now) ?? found[0])?.id ?? '')
}

const LOOK_MS = 60_000

/** Keeps the stores as they are, open or closed, until what is returned is called. */
export function watchStores(): () => void {
  const timer = setInterval(() => void loadStores().catch(() => undefined), LOOK_MS)
  return () => clearInterval(timer)
}

export function chooseStore(chosen: string): void {
  if (chosen === store_id.value) return
  store_id.value = chosen
  keep('store', chosen)
  letKnow('store', chosen)
  menu.value = drawnMenu.value = null
  if (seat.value && seat.value.store_id !== chosen) leaveSeat()
}

let asked = 0

/** Loads the menu of the store as it is now; the one on the screen stays where the network is gone. */
export async function loadMenu(): Promise<void> {
  if (!store_id.value) return
  const mine = ++asked
  try {
    const found = await menuOf(store_id.value)
    if (mine !== asked) return
    drawnMenu.value = null
    if (JSON.stringify(found) !== JSON.stringify(menu.value)) {
      menu.value = found
      keep('menu', { language: language.value, menu: found })
    }
    menuFault.value = ''
  } catch (error) {
    if (mine === asked) menuFault.value = sentence(error)
  }
}

export function takeSeat({ store_id, seating_id, guest_id, token, label, name, colour, code }: Seat): void {
  seat.value = { store_id, seating_id, guest_id, token, label, name, colour, code }
  keep('seat', seat.value)
}

export function leaveSeat(): void {
  seat.value = null
  keep('seat', null)
}
