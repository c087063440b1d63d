// SPDX-License-Identifier: Apache-2.0
/* Writes what fuzzers begin with: make_seeds FOLDER DTB-OR-FOLDER...
 * Small device trees as they are (dt), each with a domain and a kernel's header behind it (plan), kernels raw and
 * packed (image), bytes for the sequences of the others. */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/add_domain.h"
#include "support/dts.h"
#include "unit/parts/board.h"
#include "unit/plan/packing.h"

#define TREE_MAX KIB(16) /* larger ones are read as a whole by tests/boards; here they would only be slow */
#define HEADER_SIZE 64

static const char *folder;
static unsigned written;

/* Check is not linked: what its assertions call. */
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...);
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...)
{
    fprintf(stderr, "%s:%d: %s %s\n", file, line, expression, message != NULL ? message : "");
    exit(EXIT_FAILURE);
}

void _mark_point(const char *file, int line);
void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

static void write_seed(const char *fuzzer, const void *data, size_t size, const void *more, size_t more_size)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, fuzzer);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        perror(path);
    snprintf(path, sizeof(path), "%s/%s/%04u", folder, fuzzer, written++);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fwrite(more, 1, more_size, file) != more_size ||
        fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_tree(const void *blob, size_t size)
{
    static _Alignas(8) uint8_t changed[TREE_MAX + ADD_DOMAIN_ROOM];
    static struct machine machine;
    struct dt tree;
    uint8_t header[HEADER_SIZE];
    const struct region nowhere = {0, 1};

    write_seed("dt", blob, size, "", 0);
    if (dt_open(&tree, blob, size, NULL) != HV_OK)
        return;
    write_image_header(header, 0, MIB(20), 0xa);
    memset(&machine, 0, sizeof(machine));
    (void)(machine_read(&machine, &tree, nowhere, nowhere, UINT64_MAX, NULL) == HV_OK);
    if (dt_node_valid(dt_chosen(&tree)) && dt_node_valid(dt_first_child(dt_chosen(&tree)))) {
        struct bytes image = make_image(500, 0, MIB(20)), packed = pack(image.data, image.size, 9, NULL);
        write_seed("plan", blob, tree.size, header, sizeof(header));
        write_seed("plan", blob, tree.size, packed.data, packed.size);
        free(packed.data);
        free(image.data);
    } else if (add_domain(changed, sizeof(changed), blob, &machine))
        write_seed("plan", changed, (size_t)__builtin_bswap32(((uint32_t *)(void *)changed)[1]), header,
                   sizeof(header));
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    static _Alignas(8) uint8_t blob[TREE_MAX];
    size_t length = strlen(path), size = (size_t)status->st_size;

    (void)walk;
    if (type != FTW_F || length < 4 || strcmp(path + length - 4, ".dtb") != 0 || size > sizeof(blob))
        return 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(blob, 1, size, file) != size) {
        perror(path);
        return 1;
    }
    fclose(file);
    write_tree(blob, size);
    return 0;
}

static void write_images(void)
{
    static const uint8_t probe[11] = {0x80}, unpack[5] = {1, 100, 0, 200, 0};
    static const char *const heads[] = {"\047\005\031\126", "MZ..zimg", "\177ELF", "070701"};

    for (unsigned i = 0; i < 3; i++) {
        static const size_t sizes[] = {64, 500, 5000};
        struct bytes image = make_image(sizes[i], i == 1 ? 0x80000 : 0, i == 2 ? 0 : 1 << 20);
        struct bytes packed = pack(image.data, image.size, (int)(9 - 4 * i), i == 1 ? "Image" : NULL);
        write_seed("image", probe, 9, image.data, image.size);
        write_seed("image", probe, 9, packed.data, packed.size);
        write_seed("image", unpack, 5, packed.data, packed.size);
        free(image.data);
        free(packed.data);
    }
    for (unsigned i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        write_seed("image", probe, 9, heads[i], strlen(heads[i]));
}

static void write_sequences(void)
{
    static const char *const fuzzers[] = {"vgic", "smccc", "trap"};
    uint8_t bytes[1024];
    uint32_t value = 1;

    for (unsigned i = 0; i < 60; i++) {
        size_t size = 16u << i / 3 % 7;
        for (size_t j = 0; j < size; j++) {
            value = value * 1664525 + 1013904223;
            bytes[j] = (uint8_t)(value >> 24);
        }
        write_seed(fuzzers[i % 3], bytes, size, "", 0);
    }
}

/** Partial device trees, each for each board of fuzz_fragment.c. */
static void write_fragments(void)
{
    static const char *const fragments[] = {
        PASSTHROUGH(RTC),
        "gic { phandle = <3>; }; aliases { a = \"/passthrough/x\"; };" PASSTHROUGH(
            "c { phandle = <1>; }; x { interrupt-parent = <3>; interrupts = <0 7 4>; clocks = <1>; xen,path = "
            "\"/axi/mixed@80000\"; xen,reg = <0 0x10080000 0x1000 0 0x80000000>; };"),
        PASSTHROUGH("x { xen,path = \"/axi/large@400000\"; xen,reg = <0 0x10401000 0x400000 0 0x80000000>; };"
                    " bus { ranges; #address-cells = <1>; y { xen,path = \"/axi/wrapper@40000\";"
                    " xen,reg = <0x10040000 0x2000 0xa0000000>; }; };"),
        PASSTHROUGH(
            "x { xen,force-assign-without-iommu; xen,reg = <0 0x3000000 0x1000 0x40 0 0 0x3001000 0x1000 0 0>; };"),
        ("passthrough { #address-cells = <1>; #size-cells = <1>; ranges; x { xen,path = \"/axi/rtc@10000\";"
         " xen,reg = <0x10010000 0x1000 0x10010000>; }; };"),
    };
    static _Alignas(8) uint8_t blob[4096];

    for (size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++)
        for (uint8_t board = 0; board < 3; board++)
            write_seed("fragment", blob, dts_write(fragments[i], blob, sizeof(blob)), &board, 1);
}

/** One whose names the guest's tree has again and again. */
static void write_long_names(void)
{
    static char text[32768];
    static _Alignas(8) uint8_t blob[16384];
    size_t used = (size_t)snprintf(text, sizeof(text), "passthrough { " RTC);

    for (unsigned i = 0; i < 120; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "n%u { ranges; a-name-of-some-length-a; a-name-of-some-length-b; };", i);
    snprintf(text + used, sizeof(text) - used, " };");
    write_seed("fragment", blob, dts_write(text, blob, sizeof(blob)), "", 0);
}

/** A guest that asks forty times for what nobody has: only the first of it may be seen. */
static void write_noise(void)
{
    static const uint8_t call[] = {0, 0xc1, 1, 0, 0, 0xc0, 0xc0, 0xc0};
    uint8_t bytes[40 * sizeof(call)];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = call[i % sizeof(call)];
    write_seed("smccc", bytes, sizeof(bytes), "", 0);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return EXIT_FAILURE;
    folder = argv[1];
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        perror(folder);
    for (int i = 2; i < argc; i++)
        if (nftw(argv[i], visit, 16, FTW_PHYS) != 0)
            return EXIT_FAILURE;
    write_fragments();
    write_long_names();
    write_images();
    write_sequences();
    write_noise();
    return EXIT_SUCCESS;
}
