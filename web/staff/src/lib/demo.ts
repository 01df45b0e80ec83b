import { ask, type Answer } from '@/api/client'
import type { Terminal } from '@/api/types'
import { newId } from './ids'

const STORE = 'HW-05' // the one that never closes

/** Has a demonstration pair this device, by the manager of a store; nobody is signed in here for it. */
export async function pairInDemo(kind: Terminal['kind'], name: string): Promise<Answer<'/v1/terminals/pair', 'post'>> {
  const { sign_ins } = await ask('get', '/v1/demo', { as: 'nobody' })
  const manager = sign_ins.find((each) => each.role === 'store_manager' && each.store === STORE)
  if (!manager) throw new Error('this is no demonstration')
  const { tokens, who } = await ask('post', '/v1/staff/sign-in', { as: 'nobody', body: { login: manager.login, password: manager.password, device: name } })
  const store_id = who.rights.find((each) => each.store_id)?.store_id ?? ''
  const { code } = await ask('post', '/v1/terminals/pairings', { token: tokens.access_token, body: { store_id, kind: kind as 'kiosk' } })
  return ask('post', '/v1/terminals/pair', { as: 'nobody', body: { id: newId(), code, name } })
}
