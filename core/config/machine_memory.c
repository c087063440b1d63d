// SPDX-License-Identifier: Apache-2.0
/* RAM, and what of it is taken already. */
#include "config/machine_reader.h"
#include "lib/text.h"

#define BANK_EXPECTED "address and size of each bank, in the cells that the root sets"
#define RESERVED_EXPECTED "address and size, in the cells that /reserved-memory sets"
#define RESERVED_HINT "a range that is not known cannot be kept from the domains; correct it, or disable the node"

void machine_read_memory(struct machine_reader *reader, const struct dt_scan *scan)
{
    struct dt_range range;
    hv_status status;

    for (unsigned index = 0; (status = dt_scan_reg_cpu(scan, index, &range)) == HV_OK; index++) {
        if (range.size == 0)
            continue; /* a bank that the boot loader left empty */
        if ((range.base + range.size - 1) >> HV_MAX_PA_BITS != 0) {
            status = HV_E_RANGE;
            break;
        }
        if (regions_add(&reader->machine->memory, range.base, range.size) != HV_OK) {
            dt_report(reader->diag, DIAG_WARNING, scan->node, "reg", NULL, NULL,
                      "there are more banks of RAM than can be managed; this one is not used", NULL);
            return;
        }
    }
    if (status != HV_E_MISSING)
        machine_complain(reader->diag, DIAG_WARNING, scan->node, "reg", BANK_EXPECTED,
                         "the bank cannot be read and is not used",
                         "see #address-cells and #size-cells of the root node");
    else if (!dt_has(scan->node, "reg"))
        machine_complain(reader->diag, DIAG_WARNING, scan->node, "reg", BANK_EXPECTED,
                         "the memory node does not say where the RAM is", NULL);
}

/** A reservation that is not kept would give a guest what firmware uses, so one that cannot be kept stops it all. */
static void reserve(struct machine_reader *reader, struct dt_node node, const char *name, struct dt_range range)
{
    struct machine *machine = reader->machine;

    if (range.size == 0)
        return;
    if (machine->reservation_count == MACHINE_MAX_RESERVATIONS) {
        dt_report(reader->diag, DIAG_ERROR, node, NULL, NULL, "at most " TEXT_OF(MACHINE_MAX_RESERVATIONS),
                  "there are more reserved ranges of memory than can be managed, so no domain is started",
                  "join ranges that touch, or disable nodes of /reserved-memory that are not needed");
        machine_fail(reader, HV_E_FULL);
        return;
    }
    machine->reservations[machine->reservation_count++] = (struct machine_reservation){
        .range = {range.base, range.base + range.size},
        .name = name,
    };
}

static void reserve_node(struct machine_reader *reader, struct dt_node node, uint32_t address_cells,
                         uint32_t size_cells)
{
    struct dt_range range;
    hv_status status;

    if (!dt_enabled(node))
        return;
    if (!dt_has(node, "reg")) {
        if (dt_has(node, "size"))
            dt_report(reader->diag, DIAG_NOTE, node, "size", NULL, NULL,
                      "memory that is placed by the operating system; nothing is reserved for it", NULL);
        return;
    }
    for (unsigned index = 0; (status = dt_reg_cells(node, index, address_cells, size_cells, &range)) == HV_OK; index++)
        reserve(reader, node, dt_name(node), range);
    if (status == HV_E_MISSING)
        return;
    machine_complain(reader->diag, DIAG_ERROR, node, "reg", RESERVED_EXPECTED,
                     "reserved memory cannot be kept out of the domains' RAM, so no domain is started", RESERVED_HINT);
    machine_fail(reader, status);
}

void machine_read_reserved(struct machine_reader *reader, struct dt_node reserved_memory)
{
    uint32_t address_cells, size_cells;
    hv_status status = dt_cells(reserved_memory, true, &address_cells, &size_cells);

    if (status != HV_OK) {
        machine_complain(reader->diag, DIAG_ERROR, reserved_memory, "#address-cells", "one cell, 1 or 2",
                         "reserved memory cannot be kept out of the domains' RAM, so no domain is started",
                         RESERVED_HINT);
        machine_fail(reader, status);
        return;
    }
    DT_FOR_EACH_CHILD(node, reserved_memory)
    {
        reserve_node(reader, node, address_cells, size_cells);
    }
}

void machine_read_memreserve(struct machine_reader *reader, const struct dt *tree)
{
    const struct dt_node nowhere = {.tree = tree, .offset = -1};
    struct dt_range range;

    for (unsigned index = 0; dt_reservation(tree, index, &range); index++) {
        if (range.size > UINT64_MAX - range.base) {
            dt_report(reader->diag, DIAG_ERROR, nowhere, "/memreserve/", NULL, NULL,
                      "a memory reservation reaches beyond the end of the address space, so no domain is started",
                      NULL);
            machine_fail(reader, HV_E_RANGE);
            continue;
        }
        reserve(reader, nowhere, "/memreserve/", range);
    }
}
