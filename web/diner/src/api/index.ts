/** The one client of the app. */
import { language, t } from '@/state/language'
import { load } from '@/lib/storage'
import { lost } from '@/state/line'
import { heldTokens, holdTokens } from '@/state/session'
import { headersOf, makeClient, Problem, type Surroundings } from './client'
import type { Menu } from './shapes'

let house = ''
let channel: 'web' | 'mini_program' = 'web'
// #ifdef H5
house = window.location.origin
// #endif
// #ifndef H5
house = import.meta.env.VITE_HOUSE || 'http://127.0.0.1:8000'
channel = 'mini_program'
// #endif

export const HOUSE = house

export const CHANNEL = channel as 'web' | 'mini_program'

const here: Surroundings = {
  house: HOUSE,
  language: () => language.value,
  tokens: heldTokens,
  seating: () => load<{ token: string } | null>('seat', null)?.token ?? null,
  renewed: holdTokens,
  say: (code) => t(`say.${code}`),
  line: (answered) => void (lost.value = !answered),
}
export const api = makeClient(here)
export const headers = (path: string): Record<string, string> => headersOf(here, path, heldTokens()?.access_token)

export async function menuOf(store_id: string): Promise<Menu> {
  const menu = await api.get('/v1/stores/{store_id}/menu', { path: { store_id }, query: { channel: CHANNEL } })
  return menu as unknown as Menu
}

/** Returns where a picture of the menu is, or nothing where the dish has none. */
export const picture = (paths: readonly string[]): string => (paths[0] ? `${HOUSE}/${paths[0].replace(/^\//, '')}` : '')

/** Returns what to tell about an error that was caught: the server's sentence, or that of a broken line. */
export const sentence = (error: unknown): string => (error instanceof Problem ? error.message : t('say.broken'))
