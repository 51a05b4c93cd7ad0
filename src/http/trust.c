/*
 * trust.c - the plain page from which a phone takes the own authority.
 *
 * A listener of its own, without TLS, that knows two addresses: the page and
 * the certificate.  Nobody signs in there and nothing is written.  The page
 * shows its own address as a code to be photographed, and the fingerprint that
 * the phone must show, too: whoever changes the page on its way cannot change
 * the paper in the office.
 */
#include "http/trust.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>
#include <qrencode.h>

enum { CONNECTIONS = 200, SECONDS = 10, BYTES = 16 * 1024, HOST_MOST = 80 };

struct trust {
    struct MHD_Daemon *daemon;
    const struct tls *tls;
    char port[8];                /* of the pages themselves */
};

static const char page_begin[] =
    "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<title>网格 · 信任本机</title><style>"
    "body{font:18px/1.6 system-ui,-apple-system,\"PingFang SC\",\"Noto Sans CJK SC\",\"Microsoft YaHei\",sans-serif;color:#152029;background:#f3f5f8;"
    "max-width:640px;margin:0 auto;padding:16px}section{background:#fff;border-radius:12px;padding:8px 16px 16px;margin:12px 0}"
    "a.go{display:block;text-align:center;background:#0b62c4;color:#fff;text-decoration:none;border-radius:12px;padding:16px;font-weight:600}"
    "code{font-size:15px;word-break:break-all}svg{display:block;width:200px;height:200px;margin:8px auto}ol{padding-left:24px;margin:8px 0}"
    "i{display:block;font-style:normal;font-weight:400;font-size:16px;opacity:.75}"
    "h1{font-size:26px;margin:8px 0}h2{font-size:20px;margin:8px 0}@media print{body{background:#fff}a.go{display:none}}</style>"
    "<h1>网格 · 信任本机<i>Trust this server</i></h1>";

static const char page_steps[] =
    "<section><h2>安卓 Android</h2><ol><li>点上面的按钮下载证书<i>Download the certificate</i></li>"
    "<li>设置 › 安全 › 加密与凭据 › 安装证书 › CA 证书<i>Settings › Security › Install a certificate › CA certificate</i></li>"
    "<li>核对指纹,与上面一致才安装<i>Install only when the fingerprint is the one above</i></li></ol>"
    "<h2>苹果 iPhone</h2><ol><li>用 Safari 打开本页,下载描述文件<i>Open this page in Safari and download</i></li>"
    "<li>设置 › 通用 › VPN与设备管理 › 安装<i>Settings › General › VPN &amp; Device Management › Install</i></li>"
    "<li>设置 › 通用 › 关于本机 › 证书信任设置,打开<i>Settings › General › About › Certificate Trust Settings, switch on</i></li></ol>"
    "<p>这个证书只对内网地址有效,不能用于任何公网网站。<i>It is good for addresses of the local network only.</i></p></section></html>";

/* The Host a phone asked for, without the port: what it can reach; empty when it is no plain name or address. */
static void host_read(struct MHD_Connection *conn, char out[HOST_MOST])
{
    const char *said = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Host");
    size_t n = 0;

    out[0] = 0;
    if (!said)
        return;
    n = said[0] == '[' ? strcspn(said, "]") + 1 : strcspn(said, ":");
    if (n == 0 || n >= HOST_MOST || n > strlen(said))
        return;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)said[i]) && !strchr(".-:[]", said[i]))
            return;
    memcpy(out, said, n);
    out[n] = 0;
}

static void code_draw(struct buf *to, const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (!code)
        return;
    buf_printf(to, "<svg role=\"img\" aria-label=\"QR\" viewBox=\"-2 -2 %d %d\" shape-rendering=\"crispEdges\"><path d=\"", code->width + 4, code->width + 4);
    for (int i = 0; i < code->width * code->width; i++)
        if (code->data[i] & 1)
            buf_printf(to, "M%d %dh1v1h-1z", i % code->width, i / code->width);
    buf_text(to, "\"/></svg>");
    QRcode_free(code);
}

static void page_write(const struct trust *t, struct MHD_Connection *conn, struct buf *to)
{
    const char *said = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Host");
    char host[HOST_MOST];
    CLEANUP(buf_done) struct buf here = { 0 };

    host_read(conn, host);
    buf_text(to, page_begin);
    buf_text(to, "<section>");
    if (host[0]) {
        buf_printf(&here, "http://%.100s/", said);
        code_draw(to, buf_z(&here));
    }
    buf_text(to, "<p><a class=\"go\" href=\"/authority.crt\">下载证书<i>Download the certificate</i></a></p>");
    buf_printf(to, "<p>指纹 SHA-256 fingerprint<br><code>%s</code></p>", t->tls->print);
    if (host[0])
        buf_printf(to, "<p>装好后打开 Then open <a href=\"https://%s:%s/\">https://%s:%s/</a></p>", host, t->port, host, t->port);
    buf_text(to, "</section>");
    buf_text(to, page_steps);
}

static enum MHD_Result send_all(struct MHD_Connection *conn, unsigned status, const char *type, const char *name, struct buf *body)
{
    struct MHD_Response *m = MHD_create_response_from_buffer(body->len, body->at, MHD_RESPMEM_MUST_COPY);

    if (!m)
        return MHD_NO;
    (void)!MHD_add_response_header(m, "Content-Type", type);
    (void)!MHD_add_response_header(m, "Cache-Control", "no-store");
    (void)!MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
    (void)!MHD_add_response_header(m, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
    if (name)
        (void)!MHD_add_response_header(m, "Content-Disposition", name);
    enum MHD_Result queued = MHD_queue_response(conn, status, m);
    MHD_destroy_response(m);
    return queued;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version, const char *data,
                              size_t *size, void **own)
{
    const struct trust *t = cls;
    CLEANUP(buf_done) struct buf body = { 0 };

    (void)version, (void)data, (void)own;
    if (*size) {
        *size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return send_all(conn, 405, "text/plain", NULL, &body);
    if (strcmp(url, "/authority.crt") == 0) {
        buf_str(&body, buf_view(&t->tls->authority));
        return send_all(conn, 200, "application/x-x509-ca-cert", "attachment; filename=\"wangge.crt\"", &body);
    }
    page_write(t, conn, &body);
    return send_all(conn, strcmp(url, "/") == 0 ? 200 : 404, "text/html; charset=utf-8", NULL, &body);
}

int trust_start(struct trust **out, int fd, const struct tls *tls, const char *url, struct err *e)
{
    struct trust *t = mem_take(sizeof *t);
    const char *colon = strrchr(url, ':');

    t->tls = tls;
    snprintf(t->port, sizeof t->port, "%s", colon ? colon + 1 : "");
    t->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, t, MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)BYTES,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS, MHD_OPTION_END);
    if (!t->daemon) {
        int why = errno;
        free(t);
        return err_broken(e, "http.start", "%s", strerror(why));
    }
    *out = t;
    return 0;
}

void trust_stop(struct trust *t)
{
    if (!t)
        return;
    MHD_stop_daemon(t->daemon);
    free(t);
}
