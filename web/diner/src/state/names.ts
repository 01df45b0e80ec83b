/** What the ids of a price are called: the member's coupons and the store's offers. */
import { computed, shallowRef, watch } from 'vue'
import { api } from '@/api'
import type { Offer } from '@/api/shapes'
import { first } from '@/lib/first'
import { language } from './language'
import { coupons } from './mine'
import { menu, nameOf, store_id } from './place'

export const offers = shallowRef<readonly Offer[]>(first?.language === language.value && first.store_id === store_id.value ? first.offers : [])

export async function loadOffers(): Promise<void> {
  if (!store_id.value) return
  try {
    offers.value = await api.get('/v1/stores/{store_id}/offers', { path: { store_id: store_id.value } })
  } catch {
    // names only: a price without them shows ids as "offer", and the next look at the menu loads them
  }
}
watch([store_id, language], () => void loadOffers(), { immediate: true })

export const offerNames = computed<Readonly<Record<string, string>>>(() => {
  const dishes = (menu.value?.categories ?? []).flatMap((category) => category.dishes)
  return Object.fromEntries([
    ...dishes.map((dish) => [dish.id, dish.name] as const),
    ...offers.value.map((offer) => [offer.id, offer.name] as const),
    ...coupons.value.map((coupon) => [coupon.id, nameOf(coupon)] as const),
  ])
})
