// SPDX-License-Identifier: Apache-2.0
#include "support/blob.h"

#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITER_SIZE (1 << 20)

struct blob blob_read(const char *name)
{
    struct blob blob;
    char path[512];
    FILE *file;
    long size;

    snprintf(path, sizeof(path), "%s/%s", DTB_DIR, name);
    file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot read %s", path);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    ck_assert_int_gt(size, 0);
    blob = (struct blob){.data = malloc((size_t)size), .size = (size_t)size};
    ck_assert_uint_eq(fread(blob.data, 1, blob.size, file), blob.size);
    fclose(file);
    return blob;
}

struct blob blob_copy(const void *data, size_t size)
{
    struct blob blob = {.data = malloc(size > 0 ? size : 1), .size = size};

    memcpy(blob.data, data, size);
    return blob;
}

void blob_free(struct blob *blob)
{
    free(blob->data);
    blob->data = NULL;
}

void blob_open(const struct blob *blob, struct dt *tree)
{
    ck_assert_int_eq(dt_open(tree, blob->data, blob->size, NULL), HV_OK);
}

void *blob_begin(void)
{
    void *writer = malloc(WRITER_SIZE);

    ck_assert_int_eq(fdt_create(writer, WRITER_SIZE), 0);
    ck_assert_int_eq(fdt_finish_reservemap(writer), 0);
    ck_assert_int_eq(fdt_begin_node(writer, ""), 0);
    return writer;
}

struct blob blob_finish(void *writer)
{
    struct blob blob;

    ck_assert_int_eq(fdt_end_node(writer), 0);
    ck_assert_int_eq(fdt_finish(writer), 0);
    blob = blob_copy(writer, fdt_totalsize(writer));
    free(writer);
    return blob;
}
