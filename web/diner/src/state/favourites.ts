/** The dishes that a member likes best, in the order in which they were marked. */
import { computed, shallowRef, watch } from 'vue'
import { api, sentence } from '@/api'
import type { Favourite } from '@/api/shapes'
import { open } from '@/lib/go'
import { t } from './language'
import { signedIn } from './session'
import { tell } from './tell'

export const favourites = shallowRef<readonly Favourite[]>([])
const ids = computed(() => new Set(favourites.value.map((each) => each.dish_id)))
export const isFavourite = (dish_id: string): boolean => ids.value.has(dish_id)

export async function loadFavourites(): Promise<void> {
  favourites.value = signedIn.value ? await api.get('/v1/me/favourites') : []
}

/** Marks a dish, or takes the mark off. */
export async function mark(dish_id: string): Promise<void> {
  if (!signedIn.value) return open('member/sign-in')
  const path = { dish_id }
  try {
    if (isFavourite(dish_id)) {
      await api.delete('/v1/me/favourites/{dish_id}', { path })
      favourites.value = favourites.value.filter((each) => each.dish_id !== dish_id)
      tell(t('fav.unmarked'), () => void mark(dish_id))
    } else {
      favourites.value = await api.put('/v1/me/favourites/{dish_id}', { path })
      tell(t('fav.marked'))
    }
  } catch (error) {
    tell(sentence(error))
  }
}

watch(signedIn, (yes) => void (yes ? loadFavourites().catch(() => undefined) : (favourites.value = [])), { immediate: true })
