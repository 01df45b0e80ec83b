/** Times as a diner reads them, in the store's zone. */

export interface OpenHours {
  readonly weekday: number
  readonly opens: number
  readonly closes: number
}

const ZONE_MINUTES: Readonly<Record<string, number>> = { 'Asia/Shanghai': 480 }

export type Daypart = 'night' | 'morning' | 'noon' | 'afternoon' | 'evening'

export function daypart(hour: number): Daypart {
  if (hour < 5) return 'night'
  if (hour < 11) return 'morning'
  if (hour < 14) return 'noon'
  return hour < 17 ? 'afternoon' : hour < 22 ? 'evening' : 'night'
}

const two = (n: number) => String(n).padStart(2, '0')

/** Returns the wall clock of a store: China has one zone and no summer time; elsewhere the phone's own zone is taken. */
export function local(at: string | number | Date, zone = 'Asia/Shanghai'): Date {
  const moment = new Date(at)
  const minutes = ZONE_MINUTES[zone] ?? -moment.getTimezoneOffset()
  return new Date(moment.getTime() + minutes * 60_000)
}

export function clock(at: string | number, zone?: string): string {
  const wall = local(at, zone)
  return `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}`
}

export function day(at: string | number, zone?: string): string {
  const wall = local(at, zone)
  return `${wall.getUTCFullYear()}-${two(wall.getUTCMonth() + 1)}-${two(wall.getUTCDate())}`
}

export const minutes = (n: number): string => `${two(Math.floor(n / 60) % 24)}:${two(n % 60)}`

/** Returns when a store that is open closes (minutes of its day), null where it closes at no time today. */
export function closesAt(hours: readonly OpenHours[], at: number, zone?: string): number | null {
  const wall = local(at, zone)
  const now = wall.getUTCHours() * 60 + wall.getUTCMinutes()
  const weekday = (wall.getUTCDay() + 6) % 7
  const today = hours.find((span) => span.weekday === weekday && span.opens <= now && now < span.closes)
  const late = hours.find((span) => span.weekday === (weekday + 6) % 7 && now + 1440 < span.closes)
  if (late) return late.closes - 1440
  if (!today) return null
  return today.opens === 0 && today.closes === 1440 ? null : today.closes
}

/** Returns when a closed store opens next: how many days from now and at which minute; null where it has no hours. */
export function opensNext(hours: readonly OpenHours[], at: number, zone?: string): { days: number; minute: number } | null {
  const wall = local(at, zone)
  const now = wall.getUTCHours() * 60 + wall.getUTCMinutes()
  const weekday = (wall.getUTCDay() + 6) % 7
  for (let days = 0; days < 8; days++) {
    const open = hours
      .filter((span) => span.weekday === (weekday + days) % 7 && (days > 0 || span.opens > now))
      .sort((a, b) => a.opens - b.opens)[0]
    if (open) return { days, minute: open.opens }
  }
  return null
}
