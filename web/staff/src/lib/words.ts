import { computed, ref, watch } from 'vue'
import { WORDS, type Word } from './dictionary'
import { kept, keep } from './kept'

export type Language = 'zh-CN' | 'en'
export type Facts = Readonly<Record<string, string | number>>

const wanted = kept<Language | null>('language', null) ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en')
export const language = ref<Language>(wanted)
const column = computed(() => (language.value === 'en' ? 1 : 0))

/** Returns what says the words of a dictionary in the language of the screen, with their facts filled in. */
export function speaker<K extends string>(words: Readonly<Record<K, readonly [string, string]>>): (word: K, facts?: Facts) => string {
  return (word, facts = {}) => words[word][column.value].replace(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? `{${name}}`))
}

export const t = speaker(WORDS)

/** Says a word whose name is put together from a code of the server; the code itself where there is none. */
export function told(prefix: string, code: string): string {
  const word = `${prefix}_${code}`
  return word in WORDS ? t(word as Word) : code
}

watch(
  language,
  (now) => {
    document.documentElement.lang = now
    document.title = t('app_title')
    keep('language', now)
  },
  { immediate: true },
)
