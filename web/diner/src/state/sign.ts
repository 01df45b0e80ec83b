/** Signing in and out. */
import { api } from '@/api'
import { t } from './language'
import { loadStanding } from './mine'
import { holdMe, holdTokens } from './session'
import { tell } from './tell'

type SignedIn = Awaited<ReturnType<typeof byPhone>>

export const byPhone = (phone: string, code: string) => api.post('/v1/auth/phone', { body: { phone, code, device: thisDevice() } })

export async function byWechat(): Promise<SignedIn> {
  const { code } = await new Promise<{ code: string }>((resolve, reject) => uni.login({ provider: 'weixin', success: resolve, fail: reject }))
  return api.post('/v1/auth/wechat', { body: { code, device: thisDevice() } })
}

export async function enter(signed: SignedIn): Promise<void> {
  holdTokens(signed.tokens)
  holdMe(signed.member)
  tell(t(signed.is_new ? 'sign.welcome' : 'sign.back'))
  await loadStanding().catch(() => undefined) // the pages that show it load it again
}

export async function leave(session_id: string | null): Promise<void> {
  try {
    if (session_id) await api.delete('/v1/sessions/{session_id}', { path: { session_id } })
  } finally {
    holdTokens(null)
  }
}

function thisDevice(): string {
  const { brand, model, platform } = uni.getSystemInfoSync()
  return [brand, model].filter(Boolean).join(' ').slice(0, 60) || platform || 'web'
}
