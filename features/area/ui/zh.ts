import type { Words } from "@kit/parts";

export const command: Words = {
    refused_area_sibling: "只能分到同级的相邻区域",
    refused_area_split: "至少分为两个不同的区域",
    grids: "网格", open_new: "新设{level}", open_below: "下设{level}", note: "每个网格有自己的代码和责任人。代码一经使用不再给别的网格。", none: "这里还没有{level}。",
    none_grids: "还没有网格:先划第一个网格", none_how: "按右上角的按钮:代码会自动编好,只要写名称。划好网格之后,到“人员”页给每个网格派网格员。",
    none_who: "划网格由村(居)书记办理。", c_name: "名称", c_code: "代码", c_level: "层级", c_holder: "责任人", c_do: "办理", deputy: "副岗",
    nobody: "无人负责,去派人", rename: "改名", merge: "并入…", close: "撤销", title_open: "在{name}新设{level}", title_rename: "改名:{name}",
    title_merge: "并入:{name}", title_close: "撤销:{name}", new_name: "新名称", name_note: "例如:第一网格、东片网格",
    code_note: "已按“{name}”的代码往下编号,一般不用改", merge_to: "并入哪一个", choose: "请选择", reason: "原因",
    will_open: "{name}下面将多一个{level}。它一开始没有责任人,会列在“无人负责”里,直到派了人。",
    will_rename: "只改名称,代码 {code} 不变,已有的门、住户、记录和责任都不受影响。",
    will_merge: "“{name}”的门、住户和以往的记录都归到“{to}”名下,原代码仍能查到。原责任人的责任不会自动解除,请到“人员”页移交或解除。此事不能撤回。",
    will_close: "“{name}”不再出现在名单和图上,也不能再登记或派人。以往的记录保留。此事不能撤回。", fact_doors: "现在登记有 {n}{more} 扇门",
    fact_parts: "下面还有 {n} 个未撤销的片", fact_people: "现在的责任人:{names}", has_doors: "这里还有登记的门,不能撤销:撤销后它们就没有人管了。请改用“并入”。",
    do_open: "新设", do_rename: "改名", do_merge: "并入", do_close: "撤销", done_open: "已新设{name}", done_rename: "已改名为{name}",
    done_merge: "{name}已并入{to}", done_close: "已撤销{name}", refused_area_code: "代码不对:应是上级的代码加两位数字,不能全是零",
    refused_area_code_used: "这个代码已有别的区域在用,请换一个", refused_field_blank: "不能空着", refused_area_closed: "这个区域已经撤销,请刷新",
    refused_area_children: "下面还有未撤销的片,请先撤销或并入它们", refused_area_level: "层级不对:只能并入同一级的区域", refused_area_inside: "不能并入自己下面的区域",
    refused_area_village: "网格不能移到别的村", refused_area_unknown: "没有这个区域,请刷新", refused_right_denied: "您的职责不包括划网格",
};
