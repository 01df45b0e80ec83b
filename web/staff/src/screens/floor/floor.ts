import type { Answer } from '@/api/client'
import { f } from './words'

/** Shapes of tables and parties, and what they are called on the map. */
export type Table = Answer<'/v1/stores/{store_id}/seatings', 'get'>[number]
export type Party = Table['parties'][number]
export type Seating = Answer<'/v1/seatings/{seating_id}', 'get'>
export type Guest = Seating['guests'][number]
export type Progress = Seating['dishes'][number]
export type State = 'free' | 'seated' | 'making' | 'ready' | 'eating' | 'billed' | 'paid'

export const TONES: Readonly<Record<State, 'plain' | 'brand' | 'gold' | 'green' | 'blue' | 'danger'>> = {
  free: 'plain', seated: 'blue', making: 'gold', ready: 'green', eating: 'plain', billed: 'brand', paid: 'green',
}
const HOUR = 60

/** Tells how a party is: what the staff have to do next for it. */
export function stateOf(party: Party | undefined): State {
  if (!party) return 'free'
  if (party.state === 'billed') return 'billed'
  if (party.ready > 0) return 'ready'
  if (party.to_make > 0) return 'making'
  if (party.bills === 0) return 'seated'
  return party.due_fen === 0 ? 'paid' : 'eating'
}

/** Says for how long something lasts by now. */
export function lasting(since: string, now: number): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(since)) / 60_000))
  return minutes < HOUR ? f('minutes', { n: minutes }) : f('hours', { h: Math.floor(minutes / HOUR), m: minutes % HOUR })
}

export function guestName(guests: readonly Guest[], mark: string): string {
  if (!mark) return f('by_staff')
  return guests.find((each) => each.mark === mark)?.name || f('guest', { mark })
}
