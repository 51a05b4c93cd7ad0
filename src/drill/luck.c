/*
 * luck.c - chance that can be had again: one stream for each name.
 *
 * SplitMix64 over a state hashed from seed and name; villages do not share a
 * stream, so that one of them can change without touching the others.
 */
#include <math.h>

#include "drill/own.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct luck luck_of(uint64_t seed, const char *label, struct str name)
{
    struct luck l = { mix(seed + UINT64_C(0x9e3779b97f4a7c15)) };

    for (; *label; label++)
        l.state = mix(l.state ^ (unsigned char)*label) + 1;
    for (size_t i = 0; i < name.len; i++)
        l.state = mix(l.state ^ (unsigned char)name.at[i]) + 2;
    return l;
}

uint64_t luck_next(struct luck *l)
{
    l->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(l->state);
}

uint32_t luck_below(struct luck *l, uint32_t n)
{
    return (uint32_t)(((luck_next(l) >> 32) * n) >> 32);
}

int luck_between(struct luck *l, int low, int high)
{
    return low + (int)luck_below(l, (uint32_t)(high - low + 1));
}

double luck_unit(struct luck *l)
{
    return (double)(luck_next(l) >> 11) * 0x1p-53;
}

bool luck_is(struct luck *l, double chance)
{
    return luck_unit(l) < chance;
}

double luck_bell(struct luck *l)
{
    double sum = 0;

    for (int i = 0; i < 4; i++)
        sum += luck_unit(l);
    return (sum - 2) * 1.7320508;
}

int luck_poisson(struct luck *l, double mean)
{
    double left = exp(-mean), p = luck_unit(l);
    int n = 0;

    for (; p > left; n++)
        p *= luck_unit(l);
    return n;
}

struct id drill_id(uint64_t seed, const char *label, struct str name, uint64_t number, int64_t at)
{
    struct luck l = luck_of(seed, label, name);
    struct id id;
    uint64_t low, high;

    l.state = mix(l.state ^ mix(number + 3));
    low = luck_next(&l);
    high = luck_next(&l);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)((uint64_t)at >> (40 - 8 * i));
    for (int i = 6; i < 8; i++)
        id.b[i] = (uint8_t)(high >> (8 * (i - 6)));
    for (int i = 8; i < 16; i++)
        id.b[i] = (uint8_t)(low >> (8 * (i - 8)));
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0f));      /* version 8: made by our own rule */
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}
