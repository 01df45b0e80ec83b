import type { Router } from 'vue-router'
import { may } from './scope'
import { PAGES } from './menu'

/** Adds the console's pages to the router; it begins at the first page that the person may use. */
export function open(router: Router): void {
  router.removeRoute('console-door')
  const first = (): string => `/console/${PAGES.find((each) => each.meta?.icon && may(each.meta.permission))?.path ?? 'none'}`
  router.addRoute({
    path: '/console',
    component: () => import('./ConsoleFrame.vue'),
    children: [
      { path: '', redirect: first },
      ...PAGES,
      { path: ':rest(.*)*', component: () => import('./pages/NoSuchPage.vue') },
    ],
  })
}
