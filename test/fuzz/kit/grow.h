/*
 * grow.h - JSON that grows wild: records made from the tables of fields, and
 * documents changed where they hurt.
 *
 * A target that reads JSON hands libFuzzer's custom mutator on to grow_change.
 * What is grown is mostly right, since wrong input ends at the first check and
 * what lies behind it is never seen.
 */
#ifndef WANGGE_FUZZ_GROW_H
#define WANGGE_FUZZ_GROW_H

#include "house.h"

void grow_seed(unsigned seed);
size_t grow_any(size_t n);                           /* 0 … n-1 */
struct json *grow_record(void);                      /* {"id","type","area","at","body"} */
struct json *grow_named(const char *key);            /* a value for a field of this name, in whatever type; NULL: there is none */
const char *grow_area(void);                         /* a code of the village, seldom another */
struct str grow_word(void);                          /* a text of the trade */

/*
 * The document at data changed a little: a value for another, one left out,
 * one twice, a number moved, a text mangled; sometimes bytes are changed
 * blindly.  more, if not NULL, makes what may be added to the list `into`.
 */
size_t grow_change(uint8_t *data, size_t size, size_t most, unsigned seed, const char *into, struct json *(*more)(void));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

#endif
