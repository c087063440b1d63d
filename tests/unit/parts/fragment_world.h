/* SPDX-License-Identifier: Apache-2.0 */
/* A board with devices, domains that ask for them by partial device trees, and the plan that is made of it. All of it
 * is device trees: what is read of them is read by core. */
#ifndef BULKHEAD_TESTS_UNIT_PARTS_FRAGMENT_WORLD_H
#define BULKHEAD_TESTS_UNIT_PARTS_FRAGMENT_WORLD_H

#include "support/dts.h"
#include "support/suite.h"
#include "unit/parts/board.h"
#include "unit/plan/invariants.h"

#define DOMAINS 4
#define FRAGMENT_AT 0x60000000u /* of the first domain; the others' behind it, by 16 MiB */

/** What a test asks for, before plan_fragments(). */
static struct {
    const char *gic;          /* of the board */
    const char *devices;      /* more of the board's nodes */
    const char *chosen;       /* more of /chosen */
    const char *memory;       /* the board's RAM: reg of its node */
    const char *domain;       /* more properties of each domain */
    const char *module_cells; /* size in reg of the partial trees' modules; NULL: theirs */
    uint32_t module_at;       /* added to where the partial trees lie */
    unsigned pa_bits;
    bool hidden;     /* the partial trees are not to be had */
    bool on_a_board; /* ... because the hypervisor has no room for them */
    size_t cut;      /* bytes missing at their ends */
} asked;

static struct {
    _Alignas(8) uint8_t host[32768];
    _Alignas(8) uint8_t room[DOMAINS][DT_MAX_SIZE / 16];
    const uint8_t *fragments[DOMAINS]; /* in room[] */
    size_t sizes[DOMAINS];
    unsigned count;
    _Alignas(8) uint8_t kernel[64];
} board;

static inline const void *read_kernel(struct plan_reader *reader, pa_t base, uint64_t size)
{
    static _Alignas(8) uint8_t shown[IMAGE_PROBE_SIZE];

    (void)reader;
    (void)base;
    memset(shown, 0, sizeof(shown));
    memcpy(shown, board.kernel, min_u64(size, sizeof(board.kernel)));
    return shown;
}

/** What lies behind a partial tree is zero. */
static inline const void *keep_fragment(struct plan_reader *reader, pa_t base, uint64_t size)
{
    uint64_t index = (base.raw - asked.module_at - FRAGMENT_AT) / MIB(16);

    (void)reader;
    REQUIRE(index < board.count);
    if (asked.hidden)
        return NULL;
    REQUIRE(size <= sizeof(board.room[0]) || board.sizes[index] < size);
    return board.fragments[index];
}

/** Before each test. */
static inline void ask(void)
{
    memset(&asked, 0, sizeof(asked));
    asked.gic = BOARD_GICV2;
    asked.devices = "";
    asked.chosen = "";
    asked.memory = "<0 0x40000000 0 0x40000000>";
    asked.domain = "vpl011; memory = <0 0x10000>;";
    asked.pa_bits = 40;
}

static inline size_t write_domain(char *text, size_t room, unsigned index)
{
    char size[16];

    snprintf(size, sizeof(size), "0x%zx", board.sizes[index]);
    return (size_t)snprintf(text, room,
                            "domU%u { compatible = \"xen,domain\"; #address-cells = <1>; #size-cells = <1>; cpus = <1>;"
                            "%s module@44000000 { compatible = \"multiboot,kernel\", \"multiboot,module\";"
                            " reg = <0x44000000 0x1000>; };"
                            " module@%x { compatible = \"multiboot,device-tree\", \"multiboot,module\";"
                            " reg = <0x%x %s>; }; };",
                            index + 1, asked.domain, FRAGMENT_AT + 0x1000000 * index,
                            FRAGMENT_AT + 0x1000000 * index + asked.module_at,
                            asked.module_cells != NULL ? asked.module_cells : size);
}

/** The board's tree, with a domain for each partial one. */
static inline void write_board(void)
{
    static char text[32768];
    size_t used = (size_t)snprintf(text, sizeof(text),
                                   "#address-cells = <2>; #size-cells = <2>; interrupt-parent = <1>;"
                                   "memory@40000000 { device_type = \"memory\"; reg = %s; };"
                                   "%s %s %s %s chosen { stdout-path = \"/pl011@9000000\"; %s",
                                   asked.memory, BOARD_CPUS, asked.gic, BOARD_DEVICES, asked.devices, asked.chosen);

    for (unsigned i = 0; i < board.count; i++)
        used += write_domain(text + used, sizeof(text) - used, i);
    REQUIRE(used + 4 < sizeof(text));
    strcpy(text + used, "};");
    dts_write(text, board.host, sizeof(board.host));
}

/** As far as the configuration; what is said is in world.log. */
static inline hv_status read_board(void)
{
    const struct region image = {0x40200000, 0x402a0000}, tree = {0x42000000, 0x42008000};

    memset(&world, 0, sizeof(world));
    write_image_header(board.kernel, 0, 0x2000, 0xa);
    write_board();
    world.diag.emit = world_report;
    world.log_sink.put = world_log;
    world.reader = (struct plan_reader){.read = read_kernel, .keep = keep_fragment, .sees_all = asked.on_a_board};
    ck_assert_int_eq(dt_open(&world.tree, board.host, sizeof(board.host), &world.diag), HV_OK);
    ck_assert_int_eq(machine_read(&world.machine, &world.tree, tree, image, UINT64_MAX, &world.diag), HV_OK);
    world.machine.pa_bits = asked.pa_bits;
    return config_read(&world.config, &world.tree, &world.diag);
}

static inline hv_status plan_board(void)
{
    ck_assert_int_eq(read_board(), HV_OK);
    ck_assert_str_eq(world.log, "");
    hv_status status = make_plan();
    assert_plan_sound();
    return status;
}

/** One more domain, with the partial tree of @p text. */
static inline void add_fragment(const char *text)
{
    unsigned index = board.count++;

    REQUIRE(index < DOMAINS);
    board.fragments[index] = board.room[index];
    board.sizes[index] = dts_write(text, board.room[index], sizeof(board.room[index]));
    board.sizes[index] -= asked.cut;
    memset(board.room[index] + board.sizes[index], 0, asked.cut);
    memmove(board.room[index] + asked.module_at, board.room[index], board.sizes[index]);
    board.fragments[index] += asked.module_at;
}

/** Plans for domains with these partial trees; NULL: no such domain. */
static inline hv_status plan_fragments(const char *first, const char *second)
{
    board.count = 0;
    add_fragment(first);
    if (second != NULL)
        add_fragment(second);
    return plan_board();
}

/** What is planned of domain 1 + @p index. */
static inline const struct plan_domain *planned(unsigned index)
{
    return &world.plan.domains[index];
}

#endif
