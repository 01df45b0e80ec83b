/** How the diner gets what they order: fetched at the store, or brought to one of their addresses. */
import { computed, ref, shallowRef, watch } from 'vue'
import { api } from '@/api'
import type { Address } from '@/api/shapes'
import { keep, load } from '@/lib/storage'
import { store } from './place'
import { signedIn } from './session'

export type Way = 'pickup' | 'delivery'
const wish = ref<Way>(load<Way>('way', 'pickup'))
/** The way that the diner likes, where the store goes along with it. */
export const way = computed<Way>(() => (store.value?.fees.delivers ? wish.value : 'pickup'))
export const addresses = shallowRef<readonly Address[]>([])
const picked = ref('')
/** Where it goes: the address that was picked, else the first choice. */
export const address = computed<Address | null>(() => addresses.value.find((each) => each.id === picked.value) ?? addresses.value[0] ?? null)

export function goBy(chosen: Way): void {
  wish.value = chosen
  keep('way', chosen)
}

export const bringTo = (chosen: Address): string => (picked.value = chosen.id)

export async function loadAddresses(): Promise<void> {
  addresses.value = signedIn.value ? await api.get('/v1/me/addresses') : []
}

watch(signedIn, (yes) => {
  if (!yes) addresses.value = []
})
