// SPDX-License-Identifier: Apache-2.0
/* What core does between two contract calls, counted: the compiler puts a call at the head of each basic block of core
 * (-fsanitize-coverage=trace-pc), and the linker leads core's calls of libfdt's writer and of zlib through here. */
#include <libfdt.h>
#include <string.h>
#include <zlib.h>

#include "hostsim/machine/machine.h"

static struct {
    uint64_t blocks, tree_calls, tree_bytes, inflated_bytes;
} done;

/* Weak: a fuzzer's runtime has one of its own. */
void __sanitizer_cov_trace_pc(void);
__attribute__((weak)) void __sanitizer_cov_trace_pc(void)
{
    done.blocks++;
}

uint64_t sim_computed(const struct sim_platform *platform)
{
    uint64_t picoseconds = done.blocks * platform->block + done.tree_calls * platform->tree_call +
                           done.tree_bytes * platform->tree_byte + done.inflated_bytes * platform->inflated_byte;
    done.blocks = done.tree_calls = done.tree_bytes = done.inflated_bytes = 0;
    return picoseconds;
}

static void count_tree(uint64_t bytes)
{
    done.tree_calls++;
    done.tree_bytes += bytes;
}

/* ld --wrap=NAME: what others call NAME is __wrap_NAME, and what is called __real_NAME here is the library's. */
int __real_fdt_begin_node(void *fdt, const char *name);
int __wrap_fdt_begin_node(void *fdt, const char *name);
int __wrap_fdt_begin_node(void *fdt, const char *name)
{
    count_tree(strlen(name));
    return __real_fdt_begin_node(fdt, name);
}

int __real_fdt_end_node(void *fdt);
int __wrap_fdt_end_node(void *fdt);
int __wrap_fdt_end_node(void *fdt)
{
    count_tree(0);
    return __real_fdt_end_node(fdt);
}

int __real_fdt_property(void *fdt, const char *name, const void *value, int length);
int __wrap_fdt_property(void *fdt, const char *name, const void *value, int length);
int __wrap_fdt_property(void *fdt, const char *name, const void *value, int length)
{
    count_tree(strlen(name) + (length > 0 ? (unsigned)length : 0));
    return __real_fdt_property(fdt, name, value, length);
}

int __real_fdt_property_placeholder(void *fdt, const char *name, int length, void **value);
int __wrap_fdt_property_placeholder(void *fdt, const char *name, int length, void **value);
int __wrap_fdt_property_placeholder(void *fdt, const char *name, int length, void **value)
{
    count_tree(strlen(name));
    return __real_fdt_property_placeholder(fdt, name, length, value);
}

/* Walks what was written once more. */
int __real_fdt_finish(void *fdt);
int __wrap_fdt_finish(void *fdt);
int __wrap_fdt_finish(void *fdt)
{
    int result = __real_fdt_finish(fdt);
    count_tree(result == 0 ? fdt_size_dt_struct(fdt) : 0);
    return result;
}

int __real_inflate(z_streamp stream, int flush);
int __wrap_inflate(z_streamp stream, int flush);
int __wrap_inflate(z_streamp stream, int flush)
{
    uLong before = stream->total_out;
    int result = __real_inflate(stream, flush);
    done.inflated_bytes += stream->total_out - before;
    return result;
}
