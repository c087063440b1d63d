// SPDX-License-Identifier: Apache-2.0
#include "plan/peek.h"

#include <string.h>

bool peek(struct plan_reader *reader, uint64_t base, uint8_t *bytes, uint64_t size)
{
    while (size != 0) {
        uint64_t length = min_u64(size, peek_room(base));
        const void *source = reader != NULL ? reader->read(reader, pa(base), length) : NULL;
        if (source == NULL)
            return false;
        memcpy(bytes, source, length);
        base += length;
        bytes += length;
        size -= length;
    }
    return true;
}
