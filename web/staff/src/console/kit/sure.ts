import { shallowRef } from 'vue'

export interface Question {
  readonly title: string
  readonly more?: string
  readonly act: string
  readonly stay?: string
  readonly tone?: 'danger' | 'primary'
  /** Whether a reason must be given; it is written to the audit log. */
  readonly reason?: boolean
}

interface Open extends Question {
  answer(said: string | null): void
}

export const question = shallowRef<Open | null>(null)

/** Asks before something that cannot be undone; tells what was typed as the reason ('' where none is asked for), null for no. */
export function sureWhy(asked: Question): Promise<string | null> {
  question.value?.answer(null)
  return new Promise((done) => {
    question.value = {
      ...asked,
      answer(said) {
        question.value = null
        done(said)
      },
    }
  })
}

export async function sure(asked: Question): Promise<boolean> {
  return (await sureWhy(asked)) !== null
}
