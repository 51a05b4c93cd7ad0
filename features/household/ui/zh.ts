import type { Words } from "@kit/parts";

export const field: Words = {
    new_door: "补登门或住户", to_list: "回到名单", where: "登记在哪里?", where_new: "一扇新的门", where_new_note: "名单上没有这扇门",
    where_known: "已有的门,新的住户", where_known_note: "合租、新搬来、兄弟同住", which_door: "哪扇门", choose: "请选择", address: "门的位置",
    after: "走访时在哪扇门之后", after_last: "名单最后", building: "楼栋或巷号", floor: "楼层", room: "房号", use: "房子做什么用?", lives: "有人住吗?",
    lives_yes: "有人住", lives_no: "没有人住", household: "住户", kind_label: "户类别", head: "户主姓名", phone: "电话", others: "同住的人",
    person_name: "姓名", relation_label: "与户主关系", add_person: "加一个人", take_out: "去掉", choose_where: "先选登记在哪里",
    choose_door: "先选哪扇门", choose_use: "先选房子用途", choose_lives: "先选有没有人住", choose_kind: "先选户类别", saved: "已存本机",
};
export const command: Words = {
    households: "住户", find: "查找", find_text: "至少两个字", by_name: "姓名", by_phone: "电话或尾号", by_id: "证件号", by_plate: "车牌",
    by_address: "地址", found_n: "找到 {n} 条", found_none: "没有找到", list_note: "按走访次序。非本网格责任人看到的是遮盖后的内容。", c_grid: "网格",
    c_order: "序", c_door: "门", c_head: "户主", c_phone: "电话", c_persons: "人数", c_away: "外出", c_kind: "户类别", c_use: "用途",
    c_needs: "需求", centre: "中心户", nobody: "无登记住户", shown_n: "显示 {n} 条", more: ",往下滚动继续", all: "全部名单",
};
