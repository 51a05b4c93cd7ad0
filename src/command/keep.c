/*
 * keep.c - backup and restore, as an operator types them.
 */
#include "command/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct feature *const feature_table[];

void words_from_here(int argc, char **argv)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    char *here = getcwd(NULL, 0);

    for (int i = 0; here && i + 1 < argc; i++)
        if (strcmp(argv[i], "--to") == 0 && argv[i + 1][0] != '/')
            argv[i + 1] = strdup(arena_printf(&mem, "%s/%s", here, argv[i + 1]));
    free(here);
}

int make_backup(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    const char *folder = words_option(w, "to", NULL);
    int64_t began = time_monotonic();
    struct backup_report r;

    (void)input;
    if (!folder)
        return err_set(e, ERR_INVALID, "command.usage");
    if (core_backup(c, folder, &r, e) < 0)
        return -1;
    buf_printf(out, "ledgers %" PRId64 " records %" PRId64 " new %" PRId64 " secrets %" PRId64 " in %" PRId64 " ms\n", r.ledgers, r.records,
               r.copied, r.secrets, time_monotonic() - began);
    buf_text(out, "The master key file is not in it. Keep a copy apart from the backup: without it nothing sealed is ever opened again.\n");
    if (!r.broken)
        return 0;
    buf_printf(out, "ledgers whose chain does not hold, copied up to there: %" PRId64 "\n", r.broken);
    err_field(e, "ledger.broken", r.first_broken);
    e->kind = ERR_CONFLICT;
    return -1;
}

int restore_backup(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    struct core_options o = {
        .store = setting_text("store"), .keys = setting_text("keys"), .master = setting_text("master"), .features = feature_table,
        .progress = command_progress,
    };
    const char *folder = words_option(w, "from", NULL);
    int64_t began = time_monotonic();
    struct restore_report r;
    char day[DAY_TEXT];

    (void)c, (void)input;
    if (!folder)
        return err_set(e, ERR_INVALID, "command.usage");
    if (core_restore(&o, folder, &r, e) < 0)
        return -1;
    day_of(r.newest_at, day);
    buf_printf(out, "ledgers %" PRId64 " records %" PRId64 " newest %s erased %" PRId64 " erased_months %" PRId64 " findable %" PRId64
                    " in %" PRId64 " ms\n", r.ledgers, r.records, day, r.erased, r.erased_periods, r.findable, time_monotonic() - began);
    buf_text(out, "Everybody signs in anew. Run `wangge verify`, then serve: phones offer again what this backup lacks.\n");
    return 0;
}
