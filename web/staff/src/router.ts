import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** What the person must be allowed to do at the store. */
    permission?: string
    /** Anybody may open it; `store`: of a store that the address names, since it shows what everybody may see. */
    open?: true | 'store'
    /** A paired device of such a kind shows it with nobody signed in. */
    device?: readonly string[]
  }
}

/** What a device shows by itself, with nobody signed in, by its kind. */
export const WALLS: Readonly<Record<string, string>> = { kitchen: '/kitchen', board: '/board', menu: '/menu', kiosk: '/kiosk' }

/** Where somebody begins: at the first screen that their role may use; a screen on the wall at what it was paired for. */
function home(): string {
  const session = useSession()
  const shows = WALLS[session.device?.kind ?? '']
  if (!session.isIn && shows) return shows
  if (session.can('order.place')) return session.can('payment.take') ? '/pos' : '/tables'
  if (session.can('order.advance')) return '/kitchen'
  return session.can('order.read') ? '/orders' : '/settings'
}

export const router = createRouter({
  history: createWebHistory('/staff/'),
  routes: [
    { path: '/sign-in', component: () => import('@/screens/SignIn.vue'), meta: { open: true } },
    { path: '/pair', component: () => import('@/screens/PairDevice.vue'), meta: { open: true } },
    { path: '/design', component: () => import('@/screens/DesignPage.vue'), meta: { open: true } },
    { path: '/kitchen', component: () => import('@/screens/kitchen/KitchenScreen.vue'), meta: { device: ['kitchen', 'pos', 'waiter'] } },
    { path: '/board', component: () => import('@/screens/kitchen/BoardScreen.vue'), meta: { open: 'store', device: ['board', 'kitchen', 'pos'] } },
    { path: '/menu', component: () => import('@/screens/menu/MenuBoard.vue'), meta: { open: 'store', device: ['menu', 'board', 'pos'] } },
    { path: '/kiosk', component: () => import('@/screens/kiosk/KioskScreen.vue'), meta: { open: true } },
    { path: '/stores', component: () => import('@/screens/ChooseStore.vue') },
    {
      path: '/console/:rest(.*)*',
      name: 'console-door',
      component: () => import('@/screens/NoSuchScreen.vue'),
      // The console's pages are known only to who opens it: a till does not carry their list.
      beforeEnter: async (to) => {
        ;(await import('@/console/routes')).open(router)
        return to.fullPath
      },
    },
    {
      path: '/',
      component: () => import('@/screens/ShellFrame.vue'),
      children: [
        { path: '', redirect: home },
        { path: 'pos', component: () => import('@/screens/pos/PosScreen.vue'), meta: { permission: 'order.place' } },
        { path: 'tables/:id?', component: () => import('@/screens/floor/FloorScreen.vue'), meta: { permission: 'order.place' } },
        { path: 'shift', component: () => import('@/screens/shift/ShiftScreen.vue'), meta: { permission: 'shift.run' } },
        { path: 'orders/:id?', component: () => import('@/screens/orders/OrdersScreen.vue'), meta: { permission: 'order.read' } },
        { path: 'printing/:id?', component: () => import('@/screens/printing/PrintingScreen.vue'), meta: { permission: 'print.read' } },
        { path: 'feedback', component: () => import('@/screens/feedback/FeedbackScreen.vue'), meta: { permission: 'order.read' } },
        { path: 'stock', component: () => import('@/screens/StockScreen.vue'), meta: { permission: 'menu.read' } },
        { path: 'settings', component: () => import('@/screens/SettingsScreen.vue') },
        { path: ':rest(.*)*', component: () => import('@/screens/NoSuchScreen.vue') },
      ],
    },
  ],
})

router.beforeEach((to) => {
  const session = useSession()
  const kind = session.device?.kind ?? ''
  if (to.path === '/kiosk' && kind !== 'kiosk') return '/pair'
  if (to.meta.open === true || (to.meta.open && to.query['store']) || to.meta.device?.includes(kind)) return true
  if (!session.isIn && WALLS[kind] && to.path === '/') return home()
  if (!session.isIn) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (session.isAtHead && to.path === '/') return '/console'
  if (!session.storeId && to.path !== '/stores' && !to.path.startsWith('/console')) return { path: '/stores', query: { next: to.fullPath } }
  return true
})
