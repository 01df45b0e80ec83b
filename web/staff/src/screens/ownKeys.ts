import { speaker } from '@/lib/words'

/** The words with which somebody changes their own password and PIN. */
export const own = speaker({
  keys: ['密码与 PIN', 'Password and PIN'],
  password: ['修改密码', 'Change password'],
  pin: ['设置 PIN', 'Set the PIN'],
  pin_more: ['6 位数字，用来在收银台快速登录和批准。不能用生日那样好猜的数字。', 'Six digits, to sign in at a till and to approve. Nothing easy to guess.'],
  password_more: ['改好后，你在其他设备上会被退出。', 'Your other devices are signed out.'],
  old: ['现在的密码', 'Your password now'],
  fresh: ['新密码', 'New password'],
  fresh_hint: ['至少 10 个字符', 'At least 10 characters'],
  fresh_pin: ['新 PIN', 'New PIN'],
  pin_hint: ['6 位数字', 'Six digits'],
  save: ['保存', 'Save'],
  password_done: ['密码已修改', 'The password is changed'],
  pin_done: ['PIN 已设置', 'The PIN is set'],
} as const)
