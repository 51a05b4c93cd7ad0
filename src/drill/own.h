/*
 * own.h - inside drill: chance, the plan of the city, one village at a time.
 *
 * The plan holds what is needed of every village (a few hundred bytes each);
 * everything else is made village by village from its own chance, and can be
 * made again: what registering wrote, visiting draws anew instead of keeping.
 */
#ifndef WANGGE_DRILL_OWN_H
#define WANGGE_DRILL_OWN_H

#include "drill/drill.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* ---- chance (drill/luck.c): one stream for each name, independent of the others ---- */

struct luck {
    uint64_t state;
};
struct luck luck_of(uint64_t seed, const char *label, struct str name);
uint64_t luck_next(struct luck *l);
uint32_t luck_below(struct luck *l, uint32_t n);             /* 0 … n-1; n > 0 */
int luck_between(struct luck *l, int low, int high);         /* both included */
bool luck_is(struct luck *l, double chance);
double luck_unit(struct luck *l);                            /* 0 ≤ x < 1 */
double luck_bell(struct luck *l);                            /* mean 0, deviation about 1 */
int luck_poisson(struct luck *l, double mean);
/* An id of this seed; the first six bytes are the time, so that neighbours in the walk are neighbours in the tables. */
struct id drill_id(uint64_t seed, const char *label, struct str name, uint64_t number, int64_t at);

/* ---- the plan of the city (drill/plan.c) --------------------------------------------- */

struct surname {
    char text[8];
    int weight;
};

struct place {                   /* city, district, town or village */
    struct str id, name, kind;
    size_t first, count;         /* of those directly below, in the next array */
    size_t above;
    double people;               /* at full size */
    double lon, lat;
    double elders;               /* districts: share of people of 60 and more */
    bool rural;
    int households, grids;       /* villages: in this drill */
};

struct plan {
    const struct drill_options *o;
    struct arena mem;
    struct place city, *districts, *towns, *villages;
    size_t district_count, town_count, village_count;
    struct surname *surnames;
    size_t surname_count;
    int surname_weight;
    struct str *male, *female;   /* single characters of given names */
    size_t male_count, female_count;
    int64_t made_at;             /* areas, workers and duties */
    int64_t registered_at;       /* doors and households from here on */
    int64_t first_day, end;      /* midnight before the first visit, midnight after the last */
    int days;
    char until[DAY_TEXT];
};
MUST_USE int plan_read(const struct drill_options *o, struct plan *p, struct err *e);
void plan_done(struct plan *p);
struct str plan_surname(const struct plan *p, struct luck *l);
void plan_given(const struct plan *p, struct luck *l, bool male, int born, char *to, size_t room);

/* ---- one village (drill/village.c) ---------------------------------------------------- */

enum { NEED_COUNT = 8 };
struct person {
    struct id id;
    char name[24], phone[12], number[24];
    const char *relation;
    bool male;
    int16_t year;
    int8_t month, day;
    char away_until[DAY_TEXT];   /* empty: at home */
};

struct home {
    struct id id;
    uint32_t door, first, count; /* persons */
    uint32_t centre;             /* the centre household it is linked to; itself: it is one */
    uint32_t needs;              /* bits of need_names */
    const char *kind, *speaks;
    char contact[80];
    bool late;                   /* found only during the round */
};
extern const char *const need_names[NEED_COUNT];

struct door {
    struct id id;
    uint32_t leaf, first, count; /* homes */
    int order;
    char building[80], floor[16], room[32], landlord[64];
    const char *use;
    uint32_t let;                /* number of the let house it is a room of; 0: none */
};

struct worker {
    struct id id;
    char name[24], phone[12];
    const char *category, *role;
    char area[40];
    uint32_t home;               /* centre heads: the household */
    bool deputy, has_home;
    char account[64];            /* empty: none */
};

struct leaf {                    /* the lowest grid: a grid, or a block of one */
    char id[40];
    uint32_t grid;
    uint32_t worker;             /* who goes from door to door */
    uint32_t first, count;       /* doors */
    int households;
};

struct grid {
    char id[24];
    uint32_t first, count;       /* leaves */
};

struct village {
    const struct plan *plan;
    const struct place *place;
    struct grid *grids;
    struct leaf *leaves;
    struct door *doors;
    struct home *homes;
    struct person *persons;
    struct worker *workers;
    size_t grid_count, leaf_count, door_count, home_count, person_count, worker_count;
    size_t door_room, home_room, person_room, worker_room, leaf_room;
};
void village_make(const struct plan *p, const struct place *place, struct village *v);
void village_done(struct village *v);
void invent_phone(struct luck *l, char to[12]);
void invent_name(const struct plan *p, struct luck *l, bool male, int born, char *to, size_t room);
void id_number(const struct person *p, unsigned serial, char to[24]);   /* region 990000, GB 11643 check digit */

/* ---- records (drill/write.c) -------------------------------------------------------------- */

struct making {
    struct core *core;
    const struct plan *plan;
    struct map *map;
    struct batch *batch;
    int64_t stored;
    char verifier[128];
    struct id commander, round;
    struct err *e;
    bool failed;
};
/* Begins a batch handed in by maker (zero: the program itself) and arriving then. */
void write_begin(struct making *m, struct id maker, int64_t received_at);
/* body is taken. */
void write_add(struct making *m, struct id id, const char *type, const char *area, int64_t at, struct json *body);
/* Writes what was added; a refused record is a fault of the drill: m->failed and *m->e. */
void write_end(struct making *m);
void set_text(struct json *map, const char *key, const char *text);     /* NULL or empty: not set */
void set_id(struct json *map, const char *key, struct id id);

/* ---- polygons (drill/map.c) ---------------------------------------------------------------- */

struct map;
MUST_USE int map_open(const struct plan *p, struct map **out, struct err *e);
void map_close(struct map *m);
struct json *map_city(struct map *m);
struct json *map_district(struct map *m, size_t district);
struct json *map_town(struct map *m, size_t town);
/* Cells of the town's villages; held until the next town. */
MUST_USE int map_villages(struct map *m, size_t town, struct err *e);
struct json *map_village(struct map *m, size_t village, double *lon, double *lat);
MUST_USE int map_grids(struct map *m, size_t village, int count, struct err *e);
struct json *map_grid(struct map *m, int grid, double *lon, double *lat);
/* Somewhere in the grid. */
void map_grid_point(struct map *m, int grid, struct luck *l, double *lon, double *lat);

/* ---- phases --------------------------------------------------------------------------------- */

void make_tree(struct making *m);                                 /* drill/setup.c: profile, areas, command, organisations */
void make_village(struct making *m, const struct village *v);     /* drill/register.c */
struct json *home_body(const struct village *v, uint32_t home);   /* of household.open */
void make_round(struct making *m);
void make_visits(struct making *m, const struct village *v);      /* drill/visits.c */

#endif
