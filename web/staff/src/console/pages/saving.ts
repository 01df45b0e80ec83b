import { toast } from '@/lib/toast'
import { sureWhy } from '../kit/sure'
import { say } from '../words'
import { set } from './settings'

/** Saves a form of the settings: asks why, and tells that it holds. */
export async function saveWhy(form: { submit(): Promise<boolean> }, why: { reason: string }): Promise<boolean> {
  const reason = await sureWhy({ title: set('reason_title'), act: say('save'), reason: true })
  if (reason === null) return false
  why.reason = reason
  const done = await form.submit()
  if (done) toast(set('saved'), 'good')
  return done
}
