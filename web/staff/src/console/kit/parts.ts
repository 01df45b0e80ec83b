/** What the console takes of Element Plus, each with its own style sheet; colours come from our tokens (theme.css). */
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/config-provider/style/css'
import 'element-plus/es/components/date-picker/style/css'
import 'element-plus/es/components/drawer/style/css'
import 'element-plus/es/components/dropdown/style/css'
import 'element-plus/es/components/dropdown-item/style/css'
import 'element-plus/es/components/dropdown-menu/style/css'
import 'element-plus/es/components/input-number/style/css'
import 'element-plus/es/components/option/style/css'
import 'element-plus/es/components/select/style/css'
import 'element-plus/es/components/tab-pane/style/css'
import 'element-plus/es/components/tabs/style/css'
import 'element-plus/es/components/tag/style/css'
import 'element-plus/es/components/tooltip/style/css'
import './theme.css'

export {
  ElConfigProvider, ElDatePicker, ElDrawer, ElDropdown, ElDropdownItem, ElDropdownMenu, ElInputNumber, ElOption, ElSelect, ElTabPane, ElTabs, ElTooltip,
} from 'element-plus'
