// SPDX-License-Identifier: Apache-2.0
/* What only the desk can check: the files behind the modules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "lib/inflate.h"

static void report(struct desk *desk, enum diag_severity severity, const struct module_config *module,
                   const char *found, const char *expected, const char *message, const char *hint)
{
    dt_report(&desk->diag, severity, module->node, "reg", found, expected, message, hint);
}

static void check_size(struct desk *desk, const struct module_config *module, size_t size, bool end_found)
{
    char found[48], expected[64];

    snprintf(found, sizeof(found), "size 0x%llx", (unsigned long long)module->size);
    snprintf(expected, sizeof(expected), "0x%zx, the file's size", size);
    if (module->size < size)
        report(desk, DIAG_ERROR, module, found, expected, "the module is longer than its reg: its end would be missing",
               "write the file's exact size");
    else if (module->size > size && !end_found) /* else the plan says where it ends */
        report(desk, DIAG_WARNING, module, found, expected,
               "the module is shorter than its reg: what follows it in RAM is taken for it",
               "write the file's exact size");
}

/** Unpacks all of @p file, into nowhere. @return the unpacked size, or UINT64_MAX if it is damaged */
static uint64_t gunzip_size(const struct blob *file)
{
    static uint8_t output[MIB(1)];
    struct gunzip *gunzip = malloc(sizeof(*gunzip));
    struct gunzip_progress progress = {0};
    uint64_t total = 0;
    size_t at = 0;
    hv_status status = gunzip != NULL ? gunzip_open(gunzip) : HV_E_NOMEM;

    while (status == HV_OK && !progress.done) {
        status = gunzip_step(gunzip, file->data + at, file->size - at, output, sizeof(output), &progress);
        at += progress.consumed;
        total += progress.produced;
    }
    free(gunzip);
    return status == HV_OK ? total : UINT64_MAX;
}

static bool is_packed(const struct blob *file)
{
    return file->size >= 2 && file->data[0] == 0x1f && file->data[1] == 0x8b;
}

bool desk_kernel_head(const struct blob *file, void *head, size_t size)
{
    if (!is_packed(file)) {
        if (file->size >= size)
            memcpy(head, file->data, size);
        return file->size >= size;
    }
    struct gunzip *gunzip = malloc(sizeof(*gunzip));
    struct gunzip_progress progress = {0};
    hv_status status = gunzip != NULL ? gunzip_open(gunzip) : HV_E_NOMEM;

    if (status == HV_OK)
        status = gunzip_step(gunzip, file->data, file->size, head, size, &progress);
    free(gunzip);
    return status == HV_OK && progress.produced == size;
}

static void check_packed(struct desk *desk, const struct module_config *module, const struct blob *file)
{
    if (is_packed(file) && gunzip_size(file) == UINT64_MAX)
        report(desk, DIAG_ERROR, module, "a damaged or truncated gzip file", "a gzip file that unpacks",
               "the kernel cannot be unpacked", "check the file with gzip -t");
}

/** @return the --module file that is loaded where @p module lies, or NULL */
static const struct blob *file_of(const struct desk *desk, const struct module_config *module, bool *used)
{
    for (unsigned i = 0; i < desk->options->module_count; i++) {
        if (desk->options->modules[i].address == module->base.raw) {
            used[i] = true;
            return &desk->modules[i];
        }
    }
    return NULL;
}

static void check_module(struct desk *desk, unsigned domain, const struct module_config *module, bool *used)
{
    const struct blob *file = module->present ? file_of(desk, module, used) : NULL;

    if (file == NULL)
        return;
    check_size(desk, module, file->size, desk->plan.modules[domain][module->kind].end_found);
    if (module->kind == MODULE_KERNEL)
        check_packed(desk, module, file);
}

void desk_check_modules(struct desk *desk)
{
    bool used[OPTIONS_MAX_MODULES] = {false};

    for (unsigned i = 0; i < desk->config.domain_count; i++) {
        unsigned errors = desk->diag.errors;

        check_module(desk, i, &desk->config.domains[i].kernel, used);
        check_module(desk, i, &desk->config.domains[i].ramdisk, used);
        check_module(desk, i, &desk->config.domains[i].device_tree, used);
        if (desk->diag.errors != errors && desk->plan.domains[i].valid)
            desk->spoiled++;
    }
    for (unsigned i = 0; i < desk->options->module_count; i++) {
        char found[64];

        if (used[i])
            continue;
        snprintf(found, sizeof(found), "--module 0x%llx=...", (unsigned long long)desk->options->modules[i].address);
        diag_emit(&desk->diag, &(struct diag_report){
                                   .severity = DIAG_WARNING,
                                   .path = "/chosen",
                                   .found = found,
                                   .expected = "the address of a module of the tree",
                                   .message = "no domain has a module at this address: the file is not used",
                               });
    }
}
