/** Who is signed in on this phone. */
import { computed, ref } from 'vue'
import type { Tokens } from '@/api/client'
import type { Me } from '@/api/shapes'
import { keep, load } from '@/lib/storage'

export const tokens = ref<Tokens | null>(load<Tokens | null>('tokens', null))
export const me = ref<Me | null>(load<Me | null>('me', null))
export const signedIn = computed(() => tokens.value !== null)

/** Returns the tokens as they are kept: another page of this browser may have renewed them. */
export function heldTokens(): Tokens | null {
  const kept = load<Tokens | null>('tokens', null)
  if (kept?.access_token !== tokens.value?.access_token) tokens.value = kept
  return tokens.value
}

export function holdTokens(held: Tokens | null): void {
  tokens.value = held && { access_token: held.access_token, refresh_token: held.refresh_token }
  keep('tokens', tokens.value)
  if (held === null) holdMe(null)
}

export function holdMe(known: Me | null): void {
  me.value = known
  keep('me', known)
}
