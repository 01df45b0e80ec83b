import { NoAnswer, Refused } from '@/api/client'
import { t } from './words'

/** What went wrong, in words for whoever looks at the screen. */
export interface Fault {
  readonly say: string
  readonly do: string
  readonly code: string
  readonly trace: string
}

export function faultOf(error: unknown): Fault {
  if (error instanceof Refused) {
    const { title, detail, code, trace } = error.problem
    return { say: title, do: detail, code, trace: error.problem.status >= 500 ? trace : '' }
  }
  if (error instanceof NoAnswer) return { say: t('no_answer'), do: t('no_answer_more'), code: 'no_answer', trace: '' }
  return { say: t('trouble'), do: error instanceof Error ? error.message : String(error), code: 'fault', trace: '' }
}
