/*
 * note.c - the records core itself writes: who looked, what was refused elsewhere, what the day's heads were.
 *
 * A read record goes to the read ledger beside the village's own and changes
 * no table.  It says who, what, why and how much, never what was seen.
 */
#include "core/own.h"

#include "core.sql.h"

static const struct sql *const schema[] = { &sql_schema, &sql_schema_heads };

static const struct field read_fields[] = {
    { "query", FIELD_TEXT, .required = true, .words = "查询" },
    { "count", FIELD_NUMBER, .required = true, .min = 0, .max = 1000000, .words = "条数" },
    { "household", FIELD_ID, .words = "户" },
    { "purpose", FIELD_TEXT, .max = 120, .words = "用途" },
    { 0 },
};

static const struct field reveal_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "fields", FIELD_TEXT, .list = true, .items = 40, .required = true, .max = 40, .words = "字段" },
    { "purpose", FIELD_TEXT, .required = true, .min = 2, .max = 120, .words = "用途" },
    { "count", FIELD_NUMBER, .required = true, .min = 0, .max = 1000000, .words = "条数" },
    { 0 },
};

static const struct field delivered_fields[] = {
    { "position", FIELD_NUMBER, .required = true, .min = 1, .max = INT64_MAX, .words = "原记录序号" },
    { "target", FIELD_TEXT, .required = true, .max = 40, .words = "对方区域" },
    { 0 },
};

static const struct field refused_fields[] = {
    { "position", FIELD_NUMBER, .required = true, .min = 1, .max = INT64_MAX, .words = "原记录序号" },
    { "target", FIELD_TEXT, .required = true, .max = 40, .words = "对方区域" },
    { "key", FIELD_TEXT, .required = true, .max = 48, .words = "原因" },
    { 0 },
};

static const struct field erased_fields[] = {
    { "class", FIELD_TEXT, .required = true, .max = 10, .words = "密级" },
    { "month", FIELD_DAY, .required = true, .words = "月份" },
    { "reason", FIELD_TEXT, .required = true, .max = 200, .words = "理由" },
    { 0 },
};

static const struct field heads_fields[] = {
    { "day", FIELD_DAY, .required = true, .words = "日期" },
    { "ledgers", FIELD_NUMBER, .required = true, .min = 1, .max = HEADS_MOST, .words = "账本数" },
    { "records", FIELD_NUMBER, .required = true, .min = 1, .max = INT64_MAX, .words = "记录数" },
    { "root", FIELD_TEXT, .required = true, .min = 64, .max = 64, .words = "总摘要" },
    { "key", FIELD_TEXT, .required = true, .min = 64, .max = 64, .words = "公钥" },
    { "sign", FIELD_TEXT, .required = true, .min = 128, .max = 128, .words = "签名" },
    { "heads", FIELD_TEXT, .list = true, .items = HEADS_MOST, .required = true, .max = 128, .words = "各账本:名称、末条序号、摘要" },
    { 0 },
};

static const struct field fork_fields[] = {
    { "position", FIELD_NUMBER, .required = true, .min = 1, .max = INT64_MAX, .words = "序号" },
    { "digest", FIELD_TEXT, .required = true, .min = 64, .max = 64, .words = "当时答复的摘要" },
    { "found", FIELD_TEXT, .min = 64, .max = 64, .words = "现在答复的摘要" },         /* absent: the position is gone */
    { "household", FIELD_ID, .words = "户" },                       /* by which a centre head has the right */
    { 0 },
};

static const struct record_type records[] = {
    { "core.read", RIGHT_SYSTEM, read_fields, .looks = true, .words = "查阅记录" },
    { "core.reveal", RIGHT_SYSTEM, reveal_fields, .looks = true, .words = "查看明文" },
    { "core.erased", RIGHT_SYSTEM, erased_fields, .words = "期间密钥销毁" },
    { "core.delivered", RIGHT_SYSTEM, delivered_fields, .apply = tick_paid, .aside = true, .words = "对方收到" },
    { "core.refused", RIGHT_SYSTEM, refused_fields, .apply = tick_paid, .words = "对方退回" },
    { "core.heads", RIGHT_SYSTEM, heads_fields, .apply = heads_apply, .aside = true, .words = "每日总摘要" },
    { "core.fork", RIGHT_FIGURES, fork_fields, fork_check, fork_apply, .aside = true, .words = "账本前后不一" },
    { 0 },
};

/* ---- for the auditor: who wrote, who looked; no residents ------------------------ */

static int prepare_ledger(struct ask *ask, struct err *e)
{
    char *name = arena_take(ask->mem, LEDGER_NAME);

    (void)e;
    ledger_name(name, ask->area->ledger, strcmp(ask->query->name, "looks") == 0);
    ask->args[2] = value_text(name);
    return 0;
}

static int prepare_digest(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[3] = value_str(ask->area->ledger);
    return 0;
}

static const struct param digest_params[] = { { "position", FIELD_NUMBER, true }, { "ledger", FIELD_TEXT, .from = PARAM_SET }, { 0 } };
static const struct param trace_params[] = { { "household", FIELD_ID, true }, { 0 } };
static const struct param ledger_params[] = { { "ledger", FIELD_TEXT, .from = PARAM_SET }, { 0 } };

static const struct query queries[] = {
    { "looks", RIGHT_AUDIT, .sql = &sql_looks, .params = ledger_params, .keys = "i", .prepare = prepare_ledger, .words = "谁看过" },
    { "writes", RIGHT_AUDIT, .sql = &sql_writes, .params = ledger_params, .keys = "i", .prepare = prepare_ledger, .words = "谁写过" },
    { "trace", RIGHT_AUDIT, .params = trace_params, .answer = trace_answer, .slow = true, .words = "谁看过、改过这一户" },
    { "forks", RIGHT_AUDIT, .sql = &sql_forks, .keys = "tb", .words = "账本前后不一的报告" },
    { "digest", RIGHT_FIGURES, .sql = &sql_digest, .params = digest_params, .prepare = prepare_digest, .words = "某条记录的摘要" },
    { "roots", RIGHT_SIGNED_IN, .everywhere = true, .sql = &sql_roots, .keys = "ttt", .words = "每日总摘要" },
    { 0 },
};

const struct feature feature_core = { "core", "基础", COUNT_OF(schema), schema, records, .queries = queries };
