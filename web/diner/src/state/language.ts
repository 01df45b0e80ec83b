/** The language of the app and its sentences. */
import { ref } from 'vue'
import { letKnow } from '@/lib/first'
import { keep, load } from '@/lib/storage'
import { en } from '@/locale/en'
import { zh, type Key } from '@/locale/zh'

export type Language = 'zh-CN' | 'en'
export type { Key }
const SENTENCES = { 'zh-CN': zh, en } as const

const ofPhone = (): Language => (/^en/i.test(uni.getLocale?.() ?? '') ? 'en' : 'zh-CN')

export const language = ref<Language>(load<Language>('language', ofPhone()))

export function speak(chosen: Language): void {
  language.value = chosen
  keep('language', chosen)
  letKnow('language', chosen)
  if (typeof document !== 'undefined') document.documentElement.lang = chosen
}

/** Returns a sentence in the language of the app, its `{places}` filled. */
export function t(key: Key, facts: Readonly<Record<string, string | number>> = {}): string {
  return SENTENCES[language.value][key].replace(/\{(\w+)\}/g, (place, name: string) => String(facts[name] ?? place))
}

/** Returns a sentence whose key is made of a code that the server may extend: the code itself where there is none. */
export function word(prefix: string, code: string): string {
  const key = `${prefix}.${code}`
  return key in zh ? t(key as Key) : code
}

/** Returns how hot a dish is, in a word. */
export const spicy = (spice: number): string => t(spice >= 3 ? 'menu.hot3' : spice === 2 ? 'menu.hot2' : 'menu.hot1')

/** Returns names as a list in a sentence. */
export const listed = (names: readonly string[]): string => names.join(language.value === 'en' ? ', ' : '、')
