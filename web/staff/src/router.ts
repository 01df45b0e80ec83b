import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** What the person must be allowed to do at the store. */
    permission?: string
    open?: boolean
    /** A paired device may show it with nobody signed in. */
    device?: boolean
  }
}

/** Where somebody begins: at the first screen that their role may use; a screen on the wall at what it was paired for. */
function home(): string {
  const session = useSession()
  if (!session.isIn && session.device) return session.device.kind === 'board' ? '/board' : '/kitchen'
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
    { path: '/kitchen', component: () => import('@/screens/kitchen/KitchenScreen.vue'), meta: { device: true } },
    { path: '/board', component: () => import('@/screens/kitchen/BoardScreen.vue'), meta: { device: true } },
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
        { path: 'stock', component: () => import('@/screens/StockScreen.vue'), meta: { permission: 'menu.read' } },
        { path: 'settings', component: () => import('@/screens/SettingsScreen.vue') },
        { path: ':rest(.*)*', component: () => import('@/screens/NoSuchScreen.vue') },
      ],
    },
  ],
})

router.beforeEach((to) => {
  const session = useSession()
  if (to.meta.open || (to.meta.device && session.device)) return true
  const shows = session.device && ['kitchen', 'board'].includes(session.device.kind)
  if (!session.isIn && shows && to.path === '/') return home()
  if (!session.isIn) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (session.isAtHead && to.path === '/') return '/console'
  if (!session.storeId && to.path !== '/stores' && !to.path.startsWith('/console')) return { path: '/stores', query: { next: to.fullPath } }
  return true
})
