/** The first screen: what the house wrote into the page, so that the home page needs no request before it shows. */
import type { Menu, Offer, Store } from '@/api/shapes'

export interface First {
  readonly language: string
  readonly store_id: string
  readonly stores: readonly Store[]
  /** Only the dishes that the home page shows. */
  readonly menu: Menu
  readonly offers: readonly Offer[]
}

function read(): First | null {
  // #ifdef H5
  try {
    return JSON.parse(document.getElementById('boot')?.textContent ?? 'null') as First | null
  } catch {
    return null // the app asks for everything, as it does where the house wrote nothing
  }
  // #endif
  return null
}

export const first: First | null = read()

const WAITS_MS = 1500

/** Takes the drawn screen away once the app's own has its pictures; taps go through at once. */
export function showApp(): void {
  // #ifdef H5
  const drawn = document.getElementById('first')
  if (!drawn || drawn.inert) return
  drawn.inert = true
  const until = performance.now() + WAITS_MS
  const inSight = (each: Element) => each.getBoundingClientRect().top < window.innerHeight && each.getBoundingClientRect().left < window.innerWidth
  const look = () => {
    const bare = [...document.querySelectorAll('#app uni-image')].filter(inSight).some((each) => !each.querySelector('img'))
    if (bare && performance.now() < until) requestAnimationFrame(look)
    else requestAnimationFrame(() => drawn.remove())
  }
  requestAnimationFrame(look)
  // #endif
}

/** Lets the house know with the next request for the page what to draw: the language and the store. */
export function letKnow(name: 'language' | 'store', value: string): void {
  // #ifdef H5
  document.cookie = `gt_${name}=${encodeURIComponent(value)}; path=${location.pathname.replace(/[^/]*$/, '')}; max-age=31536000; samesite=lax`
  // #endif
}
