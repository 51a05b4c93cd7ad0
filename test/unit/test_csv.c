/*
 * test_csv.c - rows of cells, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exchange/exchange.h"

static struct arena mem;

static struct csv open_csv(struct str text)
{
    return (struct csv){ .text = text, .mem = &mem };
}

static void assert_cell(const struct csv *c, size_t i, const char *text)
{
    assert_true(i < c->count);
    assert_true(str_is(c->cells[i], text));
}

static void assert_broken(struct str text, const char *key)
{
    struct csv c = open_csv(text);
    struct err e = { 0 };

    assert_int_equal(csv_next(&c, &e), -1);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_string_equal(e.key, key);
}

static void test_plain(void **state)
{
    struct csv c = open_csv(STR("a,b,\r\n,\n\n\r\n1, 2 ,三"));
    struct err e = { 0 };

    (void)state;
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.count, 3);
    assert_int_equal(c.line, 1);
    assert_cell(&c, 1, "b");
    assert_cell(&c, 2, "");
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.count, 2);
    assert_int_equal(c.line, 2);
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.line, 5);
    assert_cell(&c, 1, " 2 ");
    assert_cell(&c, 2, "三");
    assert_int_equal(csv_next(&c, &e), 0);
    assert_int_equal(csv_next(&c, &e), 0);
}

static void test_quoted(void **state)
{
    struct csv c = open_csv(STR("\xef\xbb\xbf\"a,\"\"b\"\"\",\"x\r\ny\",\"\"\nz\n"));
    struct err e = { 0 };

    (void)state;
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.count, 3);
    assert_cell(&c, 0, "a,\"b\"");
    assert_cell(&c, 1, "x\r\ny");
    assert_cell(&c, 2, "");
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.line, 3);
    assert_int_equal(csv_next(&c, &e), 0);
}

static void test_empty(void **state)
{
    struct err e = { 0 };
    struct csv c = open_csv((struct str){ 0 });
    struct csv bom = open_csv(STR("\xef\xbb\xbf"));
    struct csv blank = open_csv(STR("\n\r\n\n"));

    (void)state;
    assert_int_equal(csv_next(&c, &e), 0);
    assert_int_equal(csv_next(&bom, &e), 0);
    assert_int_equal(csv_next(&blank, &e), 0);
}

static void test_broken(void **state)
{
    char long_cell[4002];

    (void)state;
    assert_broken(STR("a\"b\n"), "csv.quote");
    assert_broken(STR("\"a\"b\n"), "csv.quote");
    assert_broken(STR("\"a\n"), "csv.quote");
    assert_broken(STR("\""), "csv.quote");
    assert_broken(STR("a\rb\n"), "csv.quote");
    assert_broken(STR("a\r"), "csv.quote");
    assert_broken(STR("a\0b\n"), "csv.nul");
    assert_broken(STR("\"a\0b\"\n"), "csv.nul");
    assert_broken(STR("\xc0\x80\n"), "csv.utf8");
    assert_broken(STR("\xed\xa0\x80\n"), "csv.utf8");
    memset(long_cell, 'x', sizeof long_cell);
    assert_broken((struct str){ long_cell, 4001 }, "csv.cell");
    memset(long_cell, ',', sizeof long_cell);
    assert_broken((struct str){ long_cell, 64 }, "csv.columns");
}

static void test_limits_hold(void **state)
{
    char text[4000];
    struct csv c;
    struct err e = { 0 };

    (void)state;
    memset(text, 'x', sizeof text);
    c = open_csv((struct str){ text, sizeof text });
    assert_int_equal(csv_next(&c, &e), 1);
    memset(text, ',', sizeof text);
    c = open_csv((struct str){ text, 63 });
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.count, 64);
}

/* One broken line costs itself only. */
static void test_goes_on(void **state)
{
    struct csv c = open_csv(STR("a,b\nc,\"d\ne,f\ng\"h\ni,j\n"));
    struct err e = { 0 };

    (void)state;
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(csv_next(&c, &e), -1);
    assert_int_equal(c.line, 2);
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.line, 3);
    assert_cell(&c, 0, "e");
    assert_int_equal(csv_next(&c, &e), -1);
    assert_int_equal(csv_next(&c, &e), 1);
    assert_cell(&c, 1, "j");
    assert_int_equal(c.line, 5);
    assert_int_equal(csv_next(&c, &e), 0);
}

static void test_put_and_read_again(void **state)
{
    static const char *const cells[] = { "", "a", "b,c", "say \"x\"", "two\nlines", "cr\rlf\r\n", "陈", "\"", "," };
    struct buf out = { 0 };
    struct err e = { 0 };
    struct csv c;

    (void)state;
    for (int row = 0; row < 2; row++) {
        for (size_t i = 0; i < COUNT_OF(cells); i++)
            csv_put(&out, str_of(cells[i]), i == 0);
        buf_char(&out, '\n');
    }
    c = open_csv(buf_view(&out));
    for (int row = 0; row < 2; row++) {
        assert_int_equal(csv_next(&c, &e), 1);
        assert_int_equal(c.count, COUNT_OF(cells));
        for (size_t i = 0; i < COUNT_OF(cells); i++)
            assert_cell(&c, i, cells[i]);
    }
    assert_int_equal(csv_next(&c, &e), 0);
    buf_clear(&out);
    csv_put(&out, STR(""), true);
    buf_char(&out, '\n');
    c = open_csv(buf_view(&out));
    assert_int_equal(csv_next(&c, &e), 1);
    assert_int_equal(c.count, 1);
    buf_done(&out);
}

/* Whatever comes in, it ends, stays inside its bytes, and never counts a line twice. */
static void test_any_bytes(void **state)
{
    static const char some[] = "\",\r\na\0\xe9\x99\x88\xff";
    uint32_t luck = 7;

    (void)state;
    for (int n = 0; n < 20000; n++) {
        size_t len = n % 24;
        char *text = mem_take(len + 1);
        struct csv c;
        struct err e = { 0 };
        int64_t line = 0;
        int more;

        for (size_t i = 0; i < len; i++) {
            luck = luck * 1664525 + 1013904223;
            text[i] = some[(luck >> 16) % (sizeof some - 1)];
        }
        c = open_csv((struct str){ text, len });
        for (int rounds = 0; (more = csv_next(&c, &e)) != 0; rounds++) {
            assert_true(rounds <= 24);
            assert_true(c.line > line);
            line = c.line;
        }
        free(text);
        arena_done(&mem);
    }
}

static void test_divisions(void **state)
{
    struct division *list = NULL;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    assert_int_equal(exchange_divisions(STR("code,name,level,parent_code,type\n440513108216,草尾村委会,village,440513108000,village\n"
                                            "440500000000,汕头市,city,,prefecture\n"), &mem, &list, &count, &e), 0);
    assert_int_equal(count, 2);
    assert_true(str_is(list[0].code, "4405"));
    assert_true(str_is(list[1].code, "440513108216"));
    assert_true(str_is(list[1].parent, "440513108"));
    assert_int_equal(exchange_divisions(STR("440513108216,草尾村,village,,village\n"), &mem, &list, &count, &e), 0);
    assert_int_equal(count, 1);
    assert_int_equal(exchange_divisions(STR("440513108216,草尾村,village,440514108,village\n"), &mem, &list, &count, &e), -1);
    assert_int_equal(exchange_divisions(STR("code,naem,level\n"), &mem, &list, &count, &e), -1);
    assert_string_equal(e.key, "import.column");
}

static int forget(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_plain, forget), cmocka_unit_test_teardown(test_quoted, forget),
        cmocka_unit_test_teardown(test_empty, forget), cmocka_unit_test_teardown(test_broken, forget),
        cmocka_unit_test_teardown(test_limits_hold, forget), cmocka_unit_test_teardown(test_goes_on, forget),
        cmocka_unit_test_teardown(test_put_and_read_again, forget), cmocka_unit_test_teardown(test_any_bytes, forget),
        cmocka_unit_test_teardown(test_divisions, forget),
    };

    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
