// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "desk.h"
#include "domain/guest_dt.h"

int command_check(struct desk *desk)
{
    printf("%s: %u error%s, %u warning%s", desk->options->name, desk->diag.errors, desk->diag.errors == 1 ? "" : "s",
           desk->diag.warnings, desk->diag.warnings == 1 ? "" : "s");
    if (desk->planned)
        printf("; %u of %u domains would start", desk->plan.valid_count - desk->spoiled,
               desk->config.domain_count + desk->config.beyond_count);
    putchar('\n');
    return desk_status(desk);
}

int command_plan(struct desk *desk)
{
    if (desk->options->json) {
        desk_print_json(desk);
    } else if (desk->planned) {
        plan_print(stdout_sink(), &desk->plan);
        printf("digest 0x%016llx\n", (unsigned long long)desk->plan.digest);
    }
    return desk_status(desk);
}

static const struct plan_domain *find_domain(const struct desk *desk, const char *name)
{
    for (unsigned i = 0; desk->planned && i < desk->plan.domain_count; i++) {
        if (strcmp(desk->plan.domains[i].config->name, name) == 0)
            return &desk->plan.domains[i];
    }
    return NULL;
}

int desk_write_file(const char *path, const void *data, size_t size)
{
    FILE *file = path != NULL ? fopen(path, "wb") : stdout;

    if (file != NULL) {
        bool good = fwrite(data, 1, size, file) == size;

        good = (path != NULL ? fclose(file) : fflush(file)) == 0 && good;
        if (good)
            return EXIT_SUCCESS;
    }
    fprintf(stderr, "bulkhead: %s: %s\n", path != NULL ? path : "standard output", strerror(errno));
    return EXIT_USAGE;
}

/** The seeds that the board draws anew at each start are left out: nobody can know them before. */
int command_guest_dtb(struct desk *desk)
{
    static _Alignas(8) uint8_t tree[GUEST_DT_MAX_SIZE];
    const struct plan_domain *domain = find_domain(desk, desk->options->domain);
    const struct guest_seeds seeds = {0};
    struct guest_dt written;

    if (domain == NULL || !domain->valid) {
        fprintf(stderr, "bulkhead: %s: %s\n", desk->options->domain,
                domain == NULL ? "no such domain" : "the domain has errors and gets no device tree");
        return EXIT_FAILURE;
    }
    hv_status status = guest_dt_write(tree, sizeof(tree), domain, &desk->machine, &seeds, &written);
    if (status != HV_OK) {
        fprintf(stderr, "bulkhead: %s: %s\n", desk->options->domain, hv_status_name(status));
        return EXIT_FAILURE;
    }
    return desk_write_file(desk->options->output, tree, fdt_totalsize(tree));
}
