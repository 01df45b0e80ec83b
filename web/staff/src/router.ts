import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** What the person must be allowed to do at the store. */
    permission?: string
    open?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory('/staff/'),
  routes: [
    { path: '/sign-in', component: () => import('@/screens/SignIn.vue'), meta: { open: true } },
    { path: '/pair', component: () => import('@/screens/PairDevice.vue'), meta: { open: true } },
    { path: '/stores', component: () => import('@/screens/ChooseStore.vue') },
    {
      path: '/',
      component: () => import('@/screens/ShellFrame.vue'),
      children: [
        { path: '', redirect: '/settings' },
        { path: 'settings', component: () => import('@/screens/SettingsScreen.vue') },
        { path: ':rest(.*)*', component: () => import('@/screens/NoSuchScreen.vue') },
      ],
    },
  ],
})

router.beforeEach((to) => {
  const session = useSession()
  if (to.meta.open) return true
  if (!session.isIn) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (!session.storeId && to.path !== '/stores') return { path: '/stores', query: { next: to.fullPath } }
  return true
})
