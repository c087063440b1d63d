// SPDX-License-Identifier: Apache-2.0
#include "config/part.h"

const char config_dom0_name[] = "dom0";

const struct part *part_console(const struct domain_config *config)
{
    FOR_EACH_PART_OF(i, config)
        if (part_table[i]->console != NULL)
            return part_table[i];
    return NULL;
}

uint64_t part_value(const struct domain_config *config, const struct part *part)
{
    FOR_EACH_PART_OF(i, config)
        if (part_table[i] == part)
            return config->part_values[i];
    return 0;
}
