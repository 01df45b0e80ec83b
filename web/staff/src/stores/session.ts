import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ask, carry, NoAnswer, Refused, type Caller } from '@/api/client'
import type { Store, Terminal, Tokens, WhoIAm } from '@/api/types'
import { alone } from '@/lib/alone'
import { keep, kept, onKeptElsewhere } from '@/lib/kept'

interface Access {
  readonly token: string
  readonly until: number
}

const EARLY_MS = 30_000 // a token is replaced before it runs out on the way
const REFRESH = { person: 'person.refresh', terminal: 'terminal.refresh' } as const
const access: Partial<Record<Caller, Access>> = {}

/**
 * Who works here, at which store, on which device. Tokens that open the API live in memory; what replaces them is kept, and replaced under a
 * lock that all tabs share, since a used one ends the session.
 */
export const useSession = defineStore('session', () => {
  const who = ref<WhoIAm | null>(kept<WhoIAm | null>('who', null))
  const device = ref<Terminal | null>(kept<Terminal | null>('device', null))
  const store = ref<Store | null>(kept<Store | null>('store', null))
  const expired = ref(false)

  const isIn = computed(() => who.value !== null)
  const storeId = computed(() => who.value?.store_id ?? store.value?.id ?? null)
  const isAtHead = computed(() => (who.value?.rights ?? []).some((each) => each.store_id === null))
  const allowed = computed(() => {
    const here = (who.value?.rights ?? []).filter((each) => each.store_id === null || each.store_id === storeId.value)
    return new Set(here.flatMap((each) => each.permissions))
  })

  function can(permission: string): boolean {
    return allowed.value.has(permission)
  }

  function carryTokens(caller: 'person' | 'terminal', tokens: Tokens): void {
    access[caller] = { token: tokens.access_token, until: Date.now() + tokens.expires_in_s * 1000 - EARLY_MS }
    keep(REFRESH[caller], tokens.refresh_token)
  }

  async function token(caller: Caller, again: boolean): Promise<string | null> {
    if (caller === 'nobody') return null
    const has = access[caller]
    if (has && has.until > Date.now() && !again) return has.token
    return alone(caller, async () => {
      const now = access[caller]
      if (now && now !== has && now.until > Date.now()) return now.token // another call replaced it meanwhile
      const refresh = kept<string | null>(REFRESH[caller], null)
      if (!refresh) return null
      try {
        const fresh = await ask('post', '/v1/sessions/refresh', { as: 'nobody', body: { refresh_token: refresh } as never })
        carryTokens(caller, fresh as Tokens)
        return access[caller]?.token ?? null
      } catch (error) {
        if (error instanceof NoAnswer) throw error
        if (error instanceof Refused && error.problem.status === 401) ended(caller)
        return null
      }
    })
  }

  function ended(caller: Caller): void {
    if (caller === 'person' && who.value) {
      leave()
      expired.value = true
    }
    if (caller === 'terminal') forgetDevice()
  }

  function enter(tokens: Tokens, person: WhoIAm): void {
    carryTokens('person', tokens)
    who.value = person
    expired.value = false
    keep('who', person)
  }

  function leave(): void {
    delete access.person
    keep(REFRESH.person, null)
    who.value = null
    keep('who', null)
  }

  async function signIn(login: string, password: string, deviceName: string): Promise<void> {
    const found = await ask('post', '/v1/staff/sign-in', { as: 'nobody', body: { login, password, device: deviceName } })
    enter(found.tokens, found.who)
    await chooseTheOnlyStore()
  }

  async function pinSignIn(staffId: string, pin: string): Promise<void> {
    const found = await ask('post', '/v1/terminals/pin-sign-in', { as: 'terminal', body: { staff_id: staffId, pin } })
    enter(found.tokens, found.who)
    await openStore(found.who.store_id ?? '')
  }

  async function signOut(): Promise<void> {
    try {
      const devices = await ask('get', '/v1/sessions')
      const mine = devices.find((each) => each.this)
      if (mine) await ask('delete', '/v1/sessions/{session_id}', { at: { session_id: mine.id } })
    } finally {
      leave()
    }
  }

  async function openStore(id: string): Promise<void> {
    store.value = await ask('get', '/v1/stores/{store_id}', { at: { store_id: id }, as: 'nobody' })
    keep('store', store.value)
  }

  function leaveStore(): void {
    store.value = null
    keep('store', null)
  }

  /** Opens the store in which a person works, where there is one only; who works in many chooses. */
  async function chooseTheOnlyStore(): Promise<void> {
    const rights = who.value?.rights ?? []
    const places = rights.map((each) => each.store_id)
    const one = who.value?.store_id ?? device.value?.store_id ?? (places.length === 1 ? places[0] : null)
    if (one) await openStore(one)
    else if (store.value && !places.includes(null) && !places.includes(store.value.id)) leaveStore()
  }

  function takeDevice(tokens: Tokens, terminal: Terminal): void {
    carryTokens('terminal', tokens)
    device.value = terminal
    keep('device', terminal)
  }

  function forgetDevice(): void {
    delete access.terminal
    keep(REFRESH.terminal, null)
    device.value = null
    keep('device', null)
  }

  carry({ token, ended })
  onKeptElsewhere('who', () => {
    who.value = kept<WhoIAm | null>('who', null)
    delete access.person
  })

  return { who, device, store, storeId, expired, isIn, isAtHead, can, signIn, pinSignIn, signOut, leave, openStore, leaveStore, takeDevice, forgetDevice }
})
