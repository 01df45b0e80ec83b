/** Calls of pickup numbers by the browser's own voices; where it has none that speaks Chinese, the caller sounds a chime instead. */
const LANGUAGES = ['zh', 'en'] as const
const SLOW = 0.9

function voiceOf(language: string): SpeechSynthesisVoice | undefined {
  const voices = typeof speechSynthesis === 'undefined' ? [] : speechSynthesis.getVoices()
  const fits = voices.filter((each) => each.lang.toLowerCase().startsWith(language))
  return fits.find((each) => each.localService) ?? fits[0]
}

const SAY = { zh: (no: number): string => `请 ${no} 号取餐`, en: (no: number): string => `Number ${no}, please` }

/** Says a number in Chinese, then in English where there is a voice for it; false where nothing can be said. */
export function callOut(no: number): boolean {
  if (!voiceOf('zh')) return false
  for (const language of LANGUAGES) {
    const voice = voiceOf(language)
    if (!voice) continue
    const said = new SpeechSynthesisUtterance(SAY[language](no))
    said.voice = voice
    said.lang = voice.lang
    said.rate = SLOW
    speechSynthesis.speak(said) // they queue: numbers called together are said one after the other
  }
  return true
}
