/* asset.h - the pages embedded in the program; the table is made by tool/embed.mjs. */
#ifndef WANGGE_ASSET_H
#define WANGGE_ASSET_H

#include <stddef.h>

struct asset {
    const char *url;                      /* "/field.html" */
    const char *type;                     /* Content-Type */
    const char *tag;                      /* ETag, quotes included */
    const unsigned char *gzip, *gzip_end; /* compressed bytes */
    size_t size;                          /* uncompressed */
};
extern const struct asset assets[];       /* ends with a NULL url */

#endif
