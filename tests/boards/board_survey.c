// SPDX-License-Identifier: Apache-2.0
/* What is understood of the boards that Linux knows: each device tree is given a domain and goes through the same
 * reading and planning as on the board. One line a board, or the table of docs/boards.md.
 *
 *   board_survey FOLDER                   a line for each DTB below it
 *   board_survey --table FOLDER           docs/boards.md
 *   board_survey --compare TABLE FOLDER   fails where much less is understood than the table says */
#define _GNU_SOURCE
#include <ftw.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/add_domain.h"
#include "config/system_config.h"
#include "plan/plan.h"

#define MAX_FOLDERS 64
#define NAME_MAX_LENGTH 96
#define LEAST_PERCENT 90 /* of what the table says */
#define REASON_SIZE 160

/** What is counted; the columns of the table. */
enum figure {
    BOARDS,
    MEMORY,
    CPUS,
    GICV2,
    GICV3,
    PL011,
    CADENCE,
    PSCI,
    PLANNED,
    FIGURES,
};

static const char *const figure_names[FIGURES] = {
    "boards", "memory", "CPUs", "GICv2", "GICv3", "PL011", "Cadence", "PSCI", "domain",
};

struct folder {
    char name[NAME_MAX_LENGTH];
    unsigned figures[FIGURES];
};

/** One board. */
struct board {
    struct diag diag;
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    bool memory; /* its tree says where RAM is */
    bool planned;
    char reason[REASON_SIZE]; /* the first error */
};

static struct {
    const char *root;
    bool lines;
    struct folder folders[MAX_FOLDERS];
    unsigned folder_count;
    struct folder all;
    bool failed;
} survey = {.all.name = "all"};

static void keep_first_error(struct diag *diag, const struct diag_report *report)
{
    struct board *board = CONTAINER_OF(diag, struct board, diag);

    if (report->severity == DIAG_ERROR && board->reason[0] == '\0')
        snprintf(board->reason, sizeof(board->reason), "%s: %s", report->path, report->message);
}

/** Where U-Boot would have put hypervisor and device tree. */
static void place(const struct machine *machine, uint64_t tree_size, struct region *image, struct region *dtb)
{
    uint64_t base = machine->memory.count != 0 ? machine->memory.list[0].base : 0;

    *image = (struct region){base + MIB(2), base + MIB(4)};
    *dtb = (struct region){base + MIB(16), base + MIB(16) + tree_size};
}

/** Reads the tree as it is: what the machine is. @return false where it is no tree */
static bool read_machine(struct board *board, const void *blob, size_t size)
{
    const struct region nowhere = {0, 1};

    if (dt_open(&board->tree, blob, size, &board->diag) != HV_OK)
        return false;
    (void)(machine_read(&board->machine, &board->tree, nowhere, nowhere, UINT64_MAX, &board->diag) == HV_OK);
    (void)(machine_read_uart(&board->machine.uart, &board->tree, NULL) == HV_OK);
    board->memory = board->machine.memory.count != 0;
    return true;
}

/** The whole way, with a domain in the tree. @param with_domain  the tree */
static void plan_domain(struct board *board, const void *with_domain)
{
    static struct machine machine;
    struct region image, dtb;
    struct dt tree;

    board->reason[0] = '\0';
    if (dt_open(&tree, with_domain, fdt_totalsize(with_domain), &board->diag) != HV_OK)
        return;
    memset(&machine, 0, sizeof(machine));
    (void)(machine_read(&machine, &tree, (struct region){0, 1}, (struct region){0, 1}, UINT64_MAX, NULL) == HV_OK);
    place(&machine, tree.size, &image, &dtb);
    memset(&machine, 0, sizeof(machine));
    hv_status usable = machine_read(&machine, &tree, dtb, image, UINT64_MAX, &board->diag);
    hv_status configured = config_read(&board->config, &tree, &board->diag);
    board->planned = usable == HV_OK && configured == HV_OK &&
                     plan_make(&board->plan, &machine, &board->config, NULL, &board->diag) == HV_OK;
}

static struct folder *folder_of(const char *path)
{
    const char *slash = strchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) : 1;

    for (unsigned i = 0; i < survey.folder_count; i++)
        if (strlen(survey.folders[i].name) == length && strncmp(survey.folders[i].name, path, length) == 0)
            return &survey.folders[i];
    if (survey.folder_count == MAX_FOLDERS || length >= NAME_MAX_LENGTH)
        return NULL;
    struct folder *folder = &survey.folders[survey.folder_count++];
    memcpy(folder->name, path, length);
    return folder;
}

static void count(const struct board *board, const char *path)
{
    const struct machine *machine = &board->machine;
    const bool has[FIGURES] = {
        [BOARDS] = true,
        [MEMORY] = board->memory,
        [CPUS] = machine->cpu_count != 0,
        [GICV2] = machine->gic.version == GIC_V2 && machine->gic.virtual_interface.size != 0,
        [GICV3] = machine->gic.version == GIC_V3,
        [PL011] = machine->uart.type == UART_PL011,
        [CADENCE] = machine->uart.type == UART_CADENCE,
        [PSCI] = machine->psci,
        [PLANNED] = board->planned,
    };
    struct folder *folder = folder_of(path);

    for (unsigned i = 0; i < FIGURES; i++) {
        survey.all.figures[i] += has[i];
        if (folder != NULL)
            folder->figures[i] += has[i];
    }
}

static void print_line(const struct board *board, const char *path)
{
    static const char *const gics[] = {"no GIC", "GICv2", "GICv3"};
    static const char *const uarts[] = {"other UART", "PL011", "Cadence"};
    const struct machine *machine = &board->machine;

    printf("%-60s %6llu MiB %2u CPUs %-6s %-10s %-7s %s%s\n", path,
           (unsigned long long)(board->memory ? regions_total(&machine->memory) >> 20 : 0), machine->cpu_count,
           gics[machine->gic.version], uarts[machine->uart.type], machine->psci ? "PSCI" : "no PSCI",
           board->planned ? "planned" : "no domain: ", board->planned ? "" : board->reason);
}

static void look_at(const char *path, const void *blob, size_t size)
{
    static _Alignas(8) uint8_t with_domain[DT_MAX_SIZE];
    struct board *board = calloc(1, sizeof(*board));

    board->diag.emit = keep_first_error;
    if (read_machine(board, blob, size) && add_domain(with_domain, sizeof(with_domain), blob, &board->machine)) {
        plan_domain(board, with_domain);
    } else {
        fprintf(stderr, "%s: cannot be read: %s\n", path, board->reason);
        survey.failed = true;
    }
    count(board, path);
    if (survey.lines)
        print_line(board, path);
    free(board);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    size_t length = strlen(path), size = (size_t)status->st_size;
    const char *name = path + strlen(survey.root);

    (void)walk;
    if (type != FTW_F || length < 4 || strcmp(path + length - 4, ".dtb") != 0)
        return 0;
    void *blob = malloc(size); /* exactly: the address sanitizer sees the first byte behind it */
    FILE *file = fopen(path, "rb");
    if (file == NULL || blob == NULL || fread(blob, 1, size, file) != size) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    look_at(name + strspn(name, "/"), blob, size);
    free(blob);
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct folder *)left)->name, ((const struct folder *)right)->name);
}

static void print_row(const struct folder *folder)
{
    printf("| %s |", folder->name);
    for (unsigned i = 0; i < FIGURES; i++)
        printf(" %u |", folder->figures[i]);
    putchar('\n');
}

static void print_table(void)
{
    printf(
        "# Boards\n\n"
        "What Bulkhead understands of the device trees that Linux has for arm64 boards: how many of each vendor's.\n"
        "The trees are those of Debian's kernel package, as `tools/setup.sh` unpacks it. Written by\n\n"
        "    build/host/tests/boards/board_survey --table build/deps/arm64/usr/lib/linux-image-* > docs/boards.md\n\n"
        "Without `--table` it prints a line for each board, with the reason where no domain can run.\n\n"
        "| column | counts boards where |\n|---|---|\n"
        "| memory | the tree says where RAM is; in the others the boot loader fills it in |\n"
        "| CPUs | at least one CPU can be used |\n"
        "| GICv2 | the interrupt controller is one, with the frames that virtualization needs |\n"
        "| GICv3 | the interrupt controller is one |\n"
        "| PL011, Cadence | the console named in `/chosen` is one; other UARTs have no driver |\n"
        "| PSCI | firmware can be asked to start CPUs |\n"
        "| domain | a domain of 64 MiB, added to the tree, is planned; a tree without RAM is given 2 GiB before |\n\n| "
        " |");
    for (unsigned i = 0; i < FIGURES; i++)
        printf(" %s |", figure_names[i]);
    printf("\n|---|");
    for (unsigned i = 0; i < FIGURES; i++)
        printf("---|");
    putchar('\n');
    qsort(survey.folders, survey.folder_count, sizeof(survey.folders[0]), by_name);
    for (unsigned i = 0; i < survey.folder_count; i++)
        print_row(&survey.folders[i]);
    print_row(&survey.all);
}

/** @return whether the table's last row was found. */
static bool read_table(const char *path, unsigned figures[FIGURES])
{
    char line[256];
    bool found = false;
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *next = line + strlen("| all |");
        if (strncmp(line, "| all |", strlen("| all |")) != 0)
            continue;
        for (unsigned i = 0; i < FIGURES; i++)
            figures[i] = (unsigned)strtoul(next + strspn(next, " |"), &next, 10);
        found = true;
    }
    if (file != NULL)
        fclose(file);
    return found && figures[BOARDS] != 0;
}

/** Shares, not counts: the kernel package grows. */
static bool compare(const char *path)
{
    unsigned figures[FIGURES];
    bool good = true;

    if (!read_table(path, figures)) {
        fprintf(stderr, "%s: no table in it\n", path);
        return false;
    }
    for (unsigned i = 0; i < FIGURES; i++) {
        double before = (double)figures[i] / figures[BOARDS];
        double now = (double)survey.all.figures[i] / survey.all.figures[BOARDS];
        printf("%-8s %4u of %u boards, %4u of %u in the table\n", figure_names[i], survey.all.figures[i],
               survey.all.figures[BOARDS], figures[i], figures[BOARDS]);
        good = good && now * 100 >= before * LEAST_PERCENT;
    }
    return good;
}

int main(int argc, char **argv)
{
    bool table = argc == 3 && strcmp(argv[1], "--table") == 0, check = argc == 4 && strcmp(argv[1], "--compare") == 0;

    if (argc != 2 && !table && !check) {
        fprintf(stderr, "usage: board_survey [--table | --compare TABLE] FOLDER\n");
        return 2;
    }
    survey.root = argv[argc - 1];
    survey.lines = argc == 2;
    if (nftw(survey.root, visit, 16, FTW_PHYS) != 0 || survey.all.figures[BOARDS] == 0) {
        fprintf(stderr, "%s: no board in it\n", survey.root);
        return EXIT_FAILURE;
    }
    if (table)
        print_table();
    if (check && !compare(argv[2]))
        survey.failed = true;
    return survey.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
