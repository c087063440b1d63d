// SPDX-License-Identifier: Apache-2.0
#include "plan/show.h"

#include "lib/format.h"

struct shown show_size(uint64_t bytes)
{
    struct shown shown = {.text = ""};

    if (bytes != 0 && is_aligned(bytes, MIB(1)))
        format_string(shown.text, sizeof(shown.text), "%lu MiB", bytes / MIB(1));
    else if (bytes != 0 && is_aligned(bytes, KIB(1)))
        format_string(shown.text, sizeof(shown.text), "%lu KiB", bytes / KIB(1));
    else
        format_string(shown.text, sizeof(shown.text), "%lu bytes", bytes);
    return shown;
}

struct shown show_range(struct region range)
{
    struct shown shown = {.text = ""};

    format_string(shown.text, sizeof(shown.text), "0x%lx..0x%lx", range.base, range.end - 1);
    return shown;
}
