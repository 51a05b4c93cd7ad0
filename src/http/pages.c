/*
 * pages.c - the pages embedded in the program.
 *
 * They were compressed when the program was built and are sent as they are;
 * every browser takes gzip.  Names under /assets/ carry a hash of their
 * content and are kept for ever, all others are asked for again each time.
 */
#include "http/own.h"

#include "http/asset.h"

void page_get(struct request *r)
{
    static const char *const short_for[][2] = { { "/", "/index.html" }, { "/check", "/check.html" } };
    struct str url = r->path;
    struct err e = { 0 };

    for (size_t i = 0; i < COUNT_OF(short_for); i++)
        if (str_is(r->path, short_for[i][0]))
            url = str_of(short_for[i][1]);
    for (const struct asset *a = assets; a->url; a++) {
        if (!str_is(url, a->url))
            continue;
        r->reply.status = 200;
        r->reply.type = a->type;
        r->reply.gzip = true;
        r->reply.cache = str_starts(url, STR("/assets/")) ? "public, max-age=31536000, immutable" : "no-cache";
        r->reply.fixed = (struct str){ (const char *)a->gzip, (size_t)(a->gzip_end - a->gzip) };
        reply_tag(r, a->tag);
        return;
    }
    (void)err_set(&e, ERR_MISSING, "request.unknown");
    reply_problem(r, &e);
}
