/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a device tree from its beginning to its end, with libfdt's sequential writer. While the machine boots: parts
 * describe themselves by it. */
#ifndef BULKHEAD_DT_DT_WRITER_H
#define BULKHEAD_DT_DT_WRITER_H

#include "dt/dt.h"

/** The tree being written. After the first error nothing more is written, and that error is the result. */
struct dt_writer {
    void *fdt;
    int error; /* libfdt's, 0: none */
};

/* A GIC's interrupt specifier is three cells: the kind, the number within it, and the trigger. */
#define DT_GIC_SPI 0
#define DT_GIC_PPI 1
#define DT_SPI(intid) ((intid)-32)
#define DT_PPI(intid) ((intid)-16)
/* Level, active low or high; bits 15:8 are the CPUs of a PPI, all of them. */
#define DT_LEVEL_LOW 0xf08
#define DT_LEVEL_HIGH 0xf04

#define DT_NODE_NAME_MAX 49 /* 31 characters (Devicetree Specification 2.2.1), '@', 16 digits, NUL */

/** Writes "NAME@ADDRESS", NUL-terminated. @param name  what is longer than 31 characters is cut */
HV_DOOR void dt_node_name(char buffer[DT_NODE_NAME_MAX], const char *name, uint64_t address);
HV_DOOR void dt_begin_node(struct dt_writer *writer, const char *name);
/** A node of the name that dt_node_name() makes. */
HV_DOOR void dt_begin_node_at(struct dt_writer *writer, const char *name, uint64_t address);
HV_DOOR void dt_end_node(struct dt_writer *writer);

HV_DOOR void dt_put_bytes(struct dt_writer *writer, const char *name, const void *value, size_t length);
HV_DOOR void dt_put_flag(struct dt_writer *writer, const char *name);
HV_DOOR void dt_put_string(struct dt_writer *writer, const char *name, const char *value);
HV_DOOR void dt_put_cells(struct dt_writer *writer, const char *name, const uint32_t *cells, size_t count);
HV_DOOR void dt_put_u32(struct dt_writer *writer, const char *name, uint32_t value);
HV_DOOR void dt_put_u64(struct dt_writer *writer, const char *name, uint64_t value);
/** reg of a child of the root: two cells for the address, two for the size. */
HV_DOOR void dt_put_reg(struct dt_writer *writer, const struct dt_range *ranges, size_t count);

#endif
