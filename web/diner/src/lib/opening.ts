/** Whether a store is open, in words. */
import type { Store } from '@/api/shapes'
import { t } from '@/state/language'
import { closesAt, minutes, opensNext } from './time'

export function opening(store: Store, at: number = Date.now()): string {
  if (store.open_now) {
    const closes = closesAt(store, at)
    return closes === null ? t('store.open_always') : t('store.open_until', { time: minutes(closes) })
  }
  const next = store.open ? opensNext(store, at) : null
  if (next === null) return t('store.closed')
  const time = minutes(next.minute)
  if (next.days === 0) return t('store.opens_at', { time })
  return next.days === 1 ? t('store.opens_tomorrow', { time }) : t('store.opens_later', { days: next.days, time })
}

export function distance(metres: number | null): string {
  if (metres === null) return ''
  return metres < 1000 ? t('store.metres', { n: Math.round(metres / 10) * 10 }) : t('store.km', { n: (metres / 1000).toFixed(1) })
}
