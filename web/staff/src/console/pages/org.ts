import { speaker } from '@/lib/words'

/** The words of stores, terminals and staff. */
const WORDS = {
  stores_more: ['{open} 家营业中，共 {n} 家', '{open} of {n} open now'],
  store_find: ['编号、店名、城市或地址', 'Code, name, city or address'],
  store_none: ['还没有门店', 'There are no stores yet'],
  name: ['名称', 'Name'],
  code: ['编号', 'Code'],
  city: ['城市', 'City'],
  address: ['地址', 'Address'],
  phone: ['电话', 'Phone'],
  state: ['状态', 'State'],
  store_open: ['营业中', 'Open'],
  store_shut: ['非营业时间', 'Outside of its hours'],
  store_off: ['已关店', 'Closed by hand'],

  terminals_more: ['收银台、后厨屏、取餐屏和手持设备，每台用一次性配对码接入。', 'Tills, kitchen and pickup screens and handhelds; each is paired once by a code.'],
  terminal_find: ['设备名称', 'Name of a device'],
  terminal_none: ['还没有配对的设备', 'No device is paired yet'],
  terminal_none_more: ['生成一个配对码，在设备上打开 /staff/pair 输入即可。', 'Make a pairing code and type it in at /staff/pair on the device.'],
  kind: ['类型', 'Kind'],
  kind_all: ['全部类型', 'All kinds'],
  kind_pos: ['收银台', 'Till'],
  kind_kiosk: ['自助机', 'Kiosk'],
  kind_kitchen: ['后厨屏', 'Kitchen screen'],
  kind_board: ['取餐屏', 'Pickup board'],
  kind_waiter: ['服务员手机', 'Waiter’s phone'],
  kind_node: ['门店节点', 'Store node'],
  kind_menu: ['电子菜单', 'Menu board'],
  state_all: ['全部状态', 'All states'],
  paired: ['使用中', 'In use'],
  revoked: ['已停用', 'Revoked'],
  pair: ['配对新设备', 'Pair a device'],
  pair_where: ['给哪家门店', 'For which store'],
  pair_as: ['用作', 'To be used as'],
  pair_make: ['生成配对码', 'Make a code'],
  pair_more: ['在新设备的浏览器打开 {address}，输入这个码。它只能用一次。', 'Open {address} on the new device and type this code in. It works once.'],
  pair_left: ['还有 {time} 有效', 'Good for another {time}'],
  pair_over: ['这个码已过期，请重新生成。', 'This code has run out. Make another one.'],
  revoke: ['停用', 'Revoke'],
  revoke_sure: ['停用“{name}”？', 'Revoke “{name}”?'],
  revoke_more: ['设备会在下一次联网时停下，在上面登录的人也会被退出。不能撤销，但可以重新配对。', 'The device stops at its next contact and whoever is signed in there is signed out. It cannot be undone, but the device can be paired again.'],
  revoke_done: ['“{name}”已停用', '“{name}” is revoked'],
} as const

export type OrgWord = keyof typeof WORDS
export const org = speaker(WORDS)
