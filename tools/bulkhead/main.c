// SPDX-License-Identifier: Apache-2.0
/* bulkhead: the host command. Everything that is decided is decided by core, with the same code as on a board. */
#include <stdio.h>
#include <stdlib.h>

#include "desk.h"
#include "options.h"

static int run(struct desk *desk)
{
    switch (desk->options->command) {
    case COMMAND_CHECK:
        return command_check(desk);
    case COMMAND_PLAN:
        return command_plan(desk);
    case COMMAND_ASSIGN:
        return command_assign(desk);
    case COMMAND_GUEST_DTB:
        return command_guest_dtb(desk);
    default:
        return command_sim(desk);
    }
}

int main(int argc, char **argv)
{
    static struct desk desk; /* too large for a stack */
    struct options options;

    if (!options_read(&options, argc, argv))
        return EXIT_USAGE;
    if (options.command == COMMAND_NONE)
        return EXIT_SUCCESS;
    int status = options.command == COMMAND_ASSIGN ? desk_read(&desk, &options) : desk_open(&desk, &options);
    if (status == 0)
        status = run(&desk);
    desk_close(&desk);
    if (fflush(stdout) != 0 && status == 0)
        status = EXIT_USAGE;
    return status;
}
