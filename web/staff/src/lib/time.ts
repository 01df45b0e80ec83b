import { language } from './words'

/** Writes the time of day of an instant on the store's clock. */
export function clockOf(at: string, zone = 'Asia/Shanghai'): string {
  return new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone }).format(new Date(at))
}

/** Writes day and time of an instant on the store's clock. */
export function dayAndClockOf(at: string, zone = 'Asia/Shanghai'): string {
  const parts = { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone } as const
  return new Intl.DateTimeFormat(language.value, parts).format(new Date(at))
}
