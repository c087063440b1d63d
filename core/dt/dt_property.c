// SPDX-License-Identifier: Apache-2.0
/* Properties, typed. */
#include <string.h>

#include "dt/walk.h"
#include "lib/text.h"

struct dt_property dt_property(struct dt_node node, const char *name)
{
    if (dt_node_valid(node)) {
        WALK_FOR_EACH_PROPERTY(property, node)
        {
            if (text_equal(walk_property_name(node.tree, property), name))
                return walk_property_value(node.tree, property);
        }
    }
    return (struct dt_property){.data = NULL};
}

bool dt_has(struct dt_node node, const char *name)
{
    return dt_property(node, name).data != NULL;
}

void dt_for_each_property(struct dt_node node, bool (*visit)(void *context, const char *name, struct dt_property value),
                          void *context)
{
    if (!dt_node_valid(node))
        return;
    WALK_FOR_EACH_PROPERTY(property, node)
    {
        if (!visit(context, walk_property_name(node.tree, property), walk_property_value(node.tree, property)))
            return;
    }
}

uint64_t dt_cells_value(const uint8_t *data, uint32_t cells)
{
    uint64_t first = walk_cell(data);

    return cells == 1 ? first : first << 32 | walk_cell(data + WALK_CELL);
}

hv_status dt_read_u32(struct dt_node node, const char *name, uint32_t *value)
{
    struct dt_property property = dt_property(node, name);

    if (property.data == NULL)
        return HV_E_MISSING;
    if (property.length < WALK_CELL)
        return HV_E_FORMAT;
    *value = walk_cell(property.data);
    return HV_OK;
}

hv_status dt_read_u64(struct dt_node node, const char *name, uint64_t *value)
{
    struct dt_property property = dt_property(node, name);

    if (property.data == NULL)
        return HV_E_MISSING;
    if (property.length != WALK_CELL && property.length != 2 * WALK_CELL)
        return HV_E_FORMAT;
    *value = dt_cells_value(property.data, property.length / WALK_CELL);
    return HV_OK;
}

hv_status dt_read_string(struct dt_node node, const char *name, const char **value)
{
    struct dt_property property = dt_property(node, name);

    if (property.data == NULL)
        return HV_E_MISSING;
    if (memchr(property.data, '\0', property.length) == NULL)
        return HV_E_FORMAT;
    *value = (const char *)property.data;
    return HV_OK;
}

bool dt_value_contains(struct dt_property value, const char *text)
{
    const char *item = (const char *)value.data;
    uint32_t left = value.length;

    /* with a NUL at the very end every item ends inside */
    if (item == NULL || left == 0 || item[left - 1] != '\0')
        return false;
    while (left > 0) {
        uint32_t length = (uint32_t)strlen(item) + 1;

        if (text_equal(item, text))
            return true;
        item += length;
        left -= length;
    }
    return false;
}

bool dt_list_contains(struct dt_node node, const char *name, const char *value)
{
    return dt_value_contains(dt_property(node, name), value);
}

bool dt_compatible(struct dt_node node, const char *value)
{
    return dt_list_contains(node, "compatible", value);
}

bool dt_enabled(struct dt_node node)
{
    struct dt_property status = dt_property(node, "status");

    return status.data == NULL || dt_value_contains(status, "okay") || dt_value_contains(status, "ok");
}
