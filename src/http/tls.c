/*
 * tls.c - certificates of a public name, or of an own authority.
 *
 * The own authority can vouch for nothing but names without a dot, names below
 * .local and private addresses: whoever steals its file cannot pretend to be a
 * bank to the phones that trust it.  What it signs lives as long as phones
 * accept from an authority of one's own.
 */
#include "http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "seal/seal.h"

enum { FILE_MOST = 256 * 1024, DAY = 24 * 60 * 60, AUTHORITY_DAYS = 3650, SERVED_DAYS = 397, BEGUN_DAYS = 2 };

static void key_done(gnutls_x509_privkey_t *key)
{
    if (*key)
        gnutls_x509_privkey_deinit(*key);
}

static void cert_done(gnutls_x509_crt_t *cert)
{
    if (*cert)
        gnutls_x509_crt_deinit(*cert);
}

static void datum_done(gnutls_datum_t *d)
{
    gnutls_free(d->data);
}

static void wiped_done(struct buf *b)
{
    if (b->at)
        explicit_bzero(b->at, b->room);
    buf_done(b);
}

void tls_done(struct tls *t)
{
    buf_done(&t->chain);
    wiped_done(&t->key);
    buf_done(&t->authority);
}

static gnutls_datum_t datum_of(const struct buf *b)
{
    return (gnutls_datum_t){ (unsigned char *)b->at, (unsigned)b->len };
}

static int failed(struct err *e, const char *key, int code)
{
    return err_broken(e, key, "%s", gnutls_strerror(code));
}

/* ---- what is signed ------------------------------------------------------------------ */

static int key_make(gnutls_x509_privkey_t *out)
{
    int code = gnutls_x509_privkey_init(out);

    return code < 0 ? code : gnutls_x509_privkey_generate(*out, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

static int cert_begin(gnutls_x509_crt_t *out, gnutls_x509_privkey_t key, const char *name, int days)
{
    uint8_t serial[16], id[32];
    size_t id_size = sizeof id;
    int code = gnutls_x509_crt_init(out);

    seal_random(serial, sizeof serial);
    serial[0] &= 0x7f;
    time_t now = (time_t)(time_now() / 1000);
    if (code < 0 || (code = gnutls_x509_crt_set_version(*out, 3)) < 0 || (code = gnutls_x509_crt_set_key(*out, key)) < 0 ||
        (code = gnutls_x509_crt_set_serial(*out, serial, sizeof serial)) < 0 ||
        (code = gnutls_x509_crt_set_activation_time(*out, now - BEGUN_DAYS * DAY)) < 0 ||
        (code = gnutls_x509_crt_set_expiration_time(*out, now + (time_t)days * DAY)) < 0 ||
        (code = gnutls_x509_crt_set_dn_by_oid(*out, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name))) < 0 ||
        (code = gnutls_x509_crt_get_key_id(*out, GNUTLS_KEYID_USE_SHA1, id, &id_size)) < 0)
        return code;
    return gnutls_x509_crt_set_subject_key_id(*out, id, id_size);
}

static int permit(gnutls_x509_name_constraints_t to, gnutls_x509_subject_alt_name_t kind, const void *bytes, unsigned n)
{
    gnutls_datum_t what = { (unsigned char *)(uintptr_t)bytes, n };

    return gnutls_x509_name_constraints_add_permitted(to, kind, &what);
}

/* Address and mask of what is reachable only from near. */
static const uint8_t near[][8] = {
    { 127, 0, 0, 0, 255, 0, 0, 0 }, { 10, 0, 0, 0, 255, 0, 0, 0 }, { 172, 16, 0, 0, 255, 240, 0, 0 },
    { 192, 168, 0, 0, 255, 255, 0, 0 }, { 169, 254, 0, 0, 255, 255, 0, 0 }, { 100, 64, 0, 0, 255, 192, 0, 0 },
};

/* Those, and names that no public register gives out. */
static int constrain(gnutls_x509_crt_t cert)
{
    static const uint8_t six[][32] = {
        { [15] = 1, [16] = 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 },
        { 0xfc, [16] = 0xfe }, { 0xfe, 0x80, [16] = 0xff, 0xc0 },
    };
    gnutls_x509_name_constraints_t names;
    char host[256] = "";
    int code = gnutls_x509_name_constraints_init(&names);

    if (code < 0)
        return code;
    (void)gethostname(host, sizeof host - 1);
    for (size_t i = 0; code == 0 && i < COUNT_OF(near); i++)
        code = permit(names, GNUTLS_SAN_IPADDRESS, near[i], sizeof near[i]);
    for (size_t i = 0; code == 0 && i < COUNT_OF(six); i++)
        code = permit(names, GNUTLS_SAN_IPADDRESS, six[i], sizeof six[i]);
    if (code == 0)
        code = permit(names, GNUTLS_SAN_DNSNAME, "localhost", 9);
    if (code == 0)
        code = permit(names, GNUTLS_SAN_DNSNAME, "local", 5);
    if (code == 0 && host[0] && !strchr(host, '.'))
        code = permit(names, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host));
    if (code == 0)
        code = gnutls_x509_crt_set_name_constraints(cert, names, 1);
    gnutls_x509_name_constraints_deinit(names);
    return code;
}

static int pem_add(struct buf *to, gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
    CLEANUP(datum_done) gnutls_datum_t text = { 0 };
    int code = cert ? gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &text) : gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text);

    if (code == 0)
        buf_put(to, text.data, text.size);
    if (text.data && key)
        explicit_bzero(text.data, text.size);
    return code;
}

static int authority_make(const char *path, struct err *e)
{
    CLEANUP(key_done) gnutls_x509_privkey_t key = NULL;
    CLEANUP(cert_done) gnutls_x509_crt_t cert = NULL;
    CLEANUP(wiped_done) struct buf pem = { 0 };
    int code;

    if ((code = key_make(&key)) < 0 || (code = cert_begin(&cert, key, "wangge", AUTHORITY_DAYS)) < 0 ||
        (code = gnutls_x509_crt_set_basic_constraints(cert, 1, 0)) < 0 ||
        (code = gnutls_x509_crt_set_key_usage(cert, GNUTLS_KEY_KEY_CERT_SIGN)) < 0 || (code = constrain(cert)) < 0 ||
        (code = gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0)) < 0 || (code = pem_add(&pem, NULL, key)) < 0 ||
        (code = pem_add(&pem, cert, NULL)) < 0)
        return failed(e, "tls.authority", code);
    return file_write_whole(path, 0600, buf_view(&pem), e);
}

/* ---- names of this machine -------------------------------------------------------------- */

static int name_add(gnutls_x509_crt_t cert, const char *name)
{
    uint8_t address[16];
    bool four = inet_pton(AF_INET, name, address) == 1;

    if (four || inet_pton(AF_INET6, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, address, four ? 4 : 16, GNUTLS_FSAN_APPEND);
    return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

static bool is_near(const struct in_addr *a)
{
    const uint8_t *b = (const uint8_t *)&a->s_addr;

    for (size_t i = 0; i < COUNT_OF(near); i++) {
        bool within = true;
        for (int k = 0; k < 4; k++)
            within = within && (b[k] & near[i][4 + k]) == near[i][k];
        if (within)
            return true;
    }
    return false;
}

/* Every private address an interface has now. */
static int addresses_add(gnutls_x509_crt_t cert)
{
    struct ifaddrs *all = NULL;
    int code = 0;

    if (getifaddrs(&all) < 0) {
        log_line(LOG_WARN, "tls.addresses", "error=%s", strerrorname_np(errno));
        return 0;
    }
    for (struct ifaddrs *i = all; i && code == 0; i = i->ifa_next) {
        char text[INET6_ADDRSTRLEN] = "";
        if (!i->ifa_addr || i->ifa_flags & IFF_LOOPBACK)
            continue;
        if (i->ifa_addr->sa_family == AF_INET) {
            const struct in_addr *a = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
            if (is_near(a) && inet_ntop(AF_INET, a, text, sizeof text))
                code = name_add(cert, text);
        } else if (i->ifa_addr->sa_family == AF_INET6) {
            const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
            if ((a->s6_addr[0] & 0xfe) == 0xfc && inet_ntop(AF_INET6, a, text, sizeof text))
                code = name_add(cert, text);
        }
    }
    freeifaddrs(all);
    return code;
}

static int names_add(gnutls_x509_crt_t cert, const char *host)
{
    static const char *const here[] = { "localhost", "127.0.0.1", "::1" };
    char own[256] = "", local[264];
    int code = 0;

    for (size_t i = 0; code == 0 && i < COUNT_OF(here); i++)
        code = name_add(cert, here[i]);
    (void)gethostname(own, sizeof own - 1);
    if (code == 0 && own[0] && !strchr(own, '.')) {
        snprintf(local, sizeof local, "%s.local", own);
        code = name_add(cert, own);
        if (code == 0)
            code = name_add(cert, local);
    }
    uint8_t any[16];
    if (code == 0 && host[0] && strcmp(host, "127.0.0.1") != 0 && strcmp(host, "::1") != 0 && strcmp(host, "0.0.0.0") != 0 &&
        strcmp(host, "::") != 0 && (inet_pton(AF_INET, host, any) == 1 || inet_pton(AF_INET6, host, any) == 1))
        code = name_add(cert, host);
    return code < 0 ? code : addresses_add(cert);
}

static int served_make(struct tls *t, gnutls_x509_crt_t authority, gnutls_x509_privkey_t signs, const char *host)
{
    CLEANUP(key_done) gnutls_x509_privkey_t key = NULL;
    CLEANUP(cert_done) gnutls_x509_crt_t cert = NULL;
    uint8_t id[32];
    size_t id_size = sizeof id;
    int code;

    if ((code = key_make(&key)) < 0 || (code = cert_begin(&cert, key, "wangge here", SERVED_DAYS)) < 0 ||
        (code = gnutls_x509_crt_get_subject_key_id(authority, id, &id_size, NULL)) < 0 ||
        (code = gnutls_x509_crt_set_authority_key_id(cert, id, id_size)) < 0 ||
        (code = gnutls_x509_crt_set_basic_constraints(cert, 0, -1)) < 0 ||
        (code = gnutls_x509_crt_set_key_usage(cert, GNUTLS_KEY_DIGITAL_SIGNATURE)) < 0 ||
        (code = gnutls_x509_crt_set_key_purpose_oid(cert, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 || (code = names_add(cert, host)) < 0 ||
        (code = gnutls_x509_crt_sign2(cert, authority, signs, GNUTLS_DIG_SHA256, 0)) < 0 || (code = pem_add(&t->key, NULL, key)) < 0)
        return code;
    return pem_add(&t->chain, cert, NULL);
}

/* "AB:CD:…", in the form that phones show. */
static void print_write(char out[97], const uint8_t digest[32])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 3 * i, 4, "%02X%s", digest[i], i < 31 ? ":" : "");
}

static int local_open(struct tls *t, const char *path, const char *host, struct err *e)
{
    CLEANUP(wiped_done) struct buf pem = { 0 };
    CLEANUP(key_done) gnutls_x509_privkey_t key = NULL;
    CLEANUP(cert_done) gnutls_x509_crt_t cert = NULL;
    CLEANUP(datum_done) gnutls_datum_t der = { 0 };
    uint8_t digest[32];
    size_t digest_size = sizeof digest;
    int code;

    if (!file_exists(path) && authority_make(path, e) < 0)
        return -1;
    if (file_read(path, FILE_MOST, &pem, e) < 0)
        return -1;
    gnutls_datum_t text = datum_of(&pem);
    if ((code = gnutls_x509_privkey_init(&key)) < 0 || (code = gnutls_x509_crt_init(&cert)) < 0 ||
        (code = gnutls_x509_privkey_import(key, &text, GNUTLS_X509_FMT_PEM)) < 0 ||
        (code = gnutls_x509_crt_import(cert, &text, GNUTLS_X509_FMT_PEM)) < 0 || (code = served_make(t, cert, key, host)) < 0 ||
        (code = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_DER, &der)) < 0 ||
        (code = gnutls_x509_crt_get_fingerprint(cert, GNUTLS_DIG_SHA256, digest, &digest_size)) < 0)
        return err_broken(e, "tls.authority", "%s: %s", path, gnutls_strerror(code));
    buf_put(&t->authority, der.data, der.size);
    print_write(t->print, digest);
    return 0;
}

/* The library would only say that it does not start. */
static int fits(const struct tls *t, const char *chain, struct err *e)
{
    gnutls_certificate_credentials_t both;
    gnutls_datum_t cert = datum_of(&t->chain), key = datum_of(&t->key);
    int code = gnutls_certificate_allocate_credentials(&both);

    if (code == 0) {
        code = gnutls_certificate_set_x509_key_mem(both, &cert, &key, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(both);
    }
    return code < 0 ? err_broken(e, "tls.files", "%s: %s", chain, gnutls_strerror(code)) : 0;
}

int tls_open(struct tls *out, const char *chain, const char *key, const char *host, struct err *e)
{
    struct tls t = { 0 };
    bool local = strcmp(chain, "local") == 0;
    int result = local ? local_open(&t, key, host, e) : file_read(chain, FILE_MOST, &t.chain, e);

    if (result == 0 && !local)
        result = file_read(key, FILE_MOST, &t.key, e);
    if (result == 0)
        result = fits(&t, chain, e);
    if (result < 0) {
        tls_done(&t);
        return -1;
    }
    buf_char(&t.chain, 0);
    buf_char(&t.key, 0);
    *out = t;
    return 0;
}
