/** What belongs to who is signed in, loaded when a page needs it. */
import { ref, shallowRef, watch } from 'vue'
import { api } from '@/api'
import type { Coupon, Level, Order, Points } from '@/api/shapes'
import { holdMe, signedIn } from './session'

export const points = shallowRef<Points | null>(null)
export const level = shallowRef<Level | null>(null)
export const coupons = shallowRef<readonly Coupon[]>([])
export const recent = shallowRef<readonly Order[]>([])
export const personal = ref(false)

export async function loadStanding(): Promise<void> {
  if (!signedIn.value) return
  const [found, at, held, known] = await Promise.all([api.get('/v1/me/points'), api.get('/v1/me/level'), api.get('/v1/me/coupons'), api.get('/v1/me')])
  points.value = found
  level.value = at
  coupons.value = held
  holdMe(known)
}

/** Loads what recommendations look at; nothing where the member did not let us. */
export async function loadTaste(): Promise<void> {
  if (!signedIn.value) return
  const consents = await api.get('/v1/me/consents')
  personal.value = consents.some((each) => each.purpose === 'personalisation' && each.granted)
  recent.value = personal.value ? (await api.get('/v1/me/orders', { query: { limit: 20 } })).orders : []
}

watch(signedIn, (yes) => {
  if (yes) return
  points.value = level.value = null
  coupons.value = []
  recent.value = []
  personal.value = false
})
