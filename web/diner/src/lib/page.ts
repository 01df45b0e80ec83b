/** What the web page needs beside the mini-program: keys and names for what the framework draws with bare elements. */

const PRESSED = new Set(['button', 'tab', 'switch', 'radio', 'checkbox'])

/** Lets the keyboard press what a finger taps, and gives the framework's inner images and fields their names. */
export function makeUsable(): void {
  document.addEventListener('keydown', (event) => {
    const at = event.target
    if (!(at instanceof HTMLElement) || !PRESSED.has(at.getAttribute('role') ?? '')) return
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    at.click()
  })
  const name = () => {
    document.querySelectorAll('uni-image img:not([alt])').forEach((img) => img.setAttribute('alt', ''))
    document.querySelectorAll('uni-input[aria-label] input, uni-textarea[aria-label] textarea').forEach((field) => {
      const label = field.closest('[aria-label]:not(input):not(textarea)')?.getAttribute('aria-label') ?? ''
      if (field.getAttribute('aria-label') !== label) field.setAttribute('aria-label', label)
    })
  }
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-label'] })
  name()
}
