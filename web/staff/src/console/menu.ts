import type { RouteRecordRaw } from 'vue-router'
import type { ConsoleIcon } from './kit/icons'
import type { FrameWord } from './words'

declare module 'vue-router' {
  interface RouteMeta {
    /** How a page of the console is called; a page without an icon stands in no menu. */
    title?: FrameWord
    icon?: ConsoleIcon
    /** The page above this one, for the crumbs. */
    under?: string
    /** Whether the choice of store, and that of the trading day, mean something on the page. */
    byStore?: boolean
    byDay?: boolean
  }
}

export interface Group {
  readonly title: FrameWord
  readonly pages: readonly RouteRecordRaw[]
}

/**
 * The pages of the console in groups, as the menu shows them. A page is a lazy route with what its person must be allowed to do
 * (`permission`), and is shown to nobody else; `path` is relative to /staff/console.
 */
export const GROUPS: readonly Group[] = [
  {
    title: 'group_stores',
    pages: [
      { path: 'stores', component: () => import('./pages/StoresPage.vue'), meta: { title: 'page_stores', icon: 'store', permission: 'org.read' } },
      { path: 'terminals', component: () => import('./pages/TerminalsPage.vue'), meta: { title: 'page_terminals', icon: 'terminal', permission: 'terminal.pair', byStore: true } },
    ],
  },
]

export const PAGES: readonly RouteRecordRaw[] = GROUPS.flatMap((each) => each.pages)
