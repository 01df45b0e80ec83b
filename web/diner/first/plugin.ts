/**
 * The first screen of the page, as the house draws it before any script has run: `app/first` in Python.
 *
 * The home page and its parts go into the entry, so that one script and two style sheets are all it takes.  `first.json` holds what the
 * house draws with: the scopes of the parts' styles, their sentences and line icons.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { iconSrc } from '../src/lib/icons'
import { en } from '../src/locale/en'
import { zh } from '../src/locale/zh'

const MAIN = /src\/main\.ts$/
const HOME = './pages/home/index.vue'
const PARTS = /src\/(?:pages\/(home)\/index|components\/(GtPage|GtTabBar|GtDish|GtPrice|GtStepper|GtStores|GtTag))\.vue$/
const BASE = '/app/'
/** What home and menu take; other files are kept once they are seen. */
const KEPT = /^assets\/(?:index|first|uni|pages-order-index|lib-search)[-.].*\.(?:js|css)$/
const ENTRY = /<script type="module" crossorigin src="([^"]+)"><\/script>/
const SCOPE = /"(data-v-[0-9a-f]{8})"/
const SAID = /^(?:tab|hello|home|store|first)\.|^why\.(?:hot|sign|tag)$|^do\.(?:again|all|sign_in)$|^menu\.(?:from|member|pick|empty|licence)$/
const said = (words: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(words).filter(([key]) => SAID.test(key)))

const ICONS = {
  'tab.home': iconSrc('home', 'brand', 2.1),
  'tab.order': iconSrc('order', 'ink-2', 1.7),
  'tab.orders': iconSrc('orders', 'ink-2', 1.7),
  'tab.me': iconSrc('me', 'ink-2', 1.7),
  all: iconSrc('next', 'ink-2', 1.8),
  locate: iconSrc('pin', 'ink-2', 1.8),
  plus: iconSrc('plus', 'on-brand', 2.6),
  here: iconSrc('check', 'brand', 2.6),
  choose: iconSrc('next', 'edge', 1.8),
}

export function firstScreen(): Plugin {
  const scopes: Record<string, string> = {}
  const guard = readFileSync(new URL('./guard.js', import.meta.url))
  const guardFile = `assets/first-${createHash('sha256').update(guard).digest('hex').slice(0, 8)}.js`
  return {
    name: 'first-screen',
    apply: 'build',
    enforce: 'post',
    transform(code, id) {
      const part = PARTS.exec(id)
      const scope = part && SCOPE.exec(code)?.[1]
      if (part && scope) scopes[part[1] ?? part[2]!] = scope
      if (part?.[1]) return { code, map: null, moduleSideEffects: 'no-treeshake' } // else the import below brings nothing
      return MAIN.test(id) ? { code: `${code}\nimport '${HOME}'`, map: null } : null // last: pages look at what main sets up
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: guardFile, source: guard })
      this.emitFile({ type: 'asset', fileName: 'first.json', source: JSON.stringify({ scopes, icons: ICONS, words: { 'zh-CN': said(zh), en: said(en) } }) })
    },
    writeBundle({ dir }, bundle) {
      const files = [BASE, ...Object.keys(bundle).filter((name) => KEPT.test(name)).sort().map((name) => BASE + name)]
      const version = createHash('sha256').update(files.join()).digest('hex').slice(0, 12)
      const worker = readFileSync(new URL('../../shared/worker/worker.js', import.meta.url), 'utf8')
      const source = worker.replace("'FILES'", JSON.stringify(files)).replace('VERSION_OF_BUILD', version).replace('BASE_OF_SCREEN', BASE)
      writeFileSync(`${dir}/sw.js`, source) // uni.css is there by now
    },
    transformIndexHtml: (html) =>
      html.replace(
        ENTRY,
        (_, src: string) => `<script src="./${guardFile}" data-app="${src}"></script>\n    <!--first-head-->\n    <link rel="modulepreload" fetchpriority="low" crossorigin href="${src}">`,
      ),
  }
}
