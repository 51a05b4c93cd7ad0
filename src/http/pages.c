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
    struct str url = str_is(r->path, "/") ? STR("/index.html") : r->path;
    struct err e = { 0 };

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
