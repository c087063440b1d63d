/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read /chosen share. Private to this folder. */
#ifndef BULKHEAD_CONFIG_CONFIG_READER_H
#define BULKHEAD_CONFIG_CONFIG_READER_H

#include "config/system_config.h"

/** One reading of /chosen. */
struct config_reader {
    struct system_config *config;
    struct diag *diag;
    struct dt_node chosen;
    uint32_t address_cells; /* what domain nodes inherit */
    uint32_t size_cells;
    struct domain_config dom0; /* of the modules directly below /chosen; name is NULL: there are none */
};

/** What is wrong with a property, or with a node where property is NULL. */
struct complaint {
    enum diag_severity severity;
    struct dt_node node;
    const char *property;
    struct dt_property value; /* shown as found; data NULL: not shown */
    const char *expected;
    const char *message;
    const char *hint;
};

/** Reports it; an error makes @p domain (may be NULL) invalid. */
void config_complain(struct config_reader *reader, struct domain_config *domain, const struct complaint *complaint);

/** How a property or node that is known but not implemented is answered. */
enum config_verdict {
    CONFIG_ACCEPT, /* it asks for what is done anyway */
    CONFIG_WARN,   /* the domain is right without it */
    CONFIG_REFUSE, /* the domain would be wrong or unsafe without it */
};

/** Warns about a name that nobody knows. @param nearest  a known one, NULL: none is near */
void config_unknown(struct config_reader *reader, struct dt_node node, const char *property, const char *message,
                    const char *nearest);

/** Reads the domain at @p node into the next place of the configuration. */
void config_read_domain(struct config_reader *reader, struct dt_node node);

/** Cells that a domain's modules are written in. */
struct config_cells {
    uint32_t address;
    uint32_t size;
    bool valid; /* false was reported already */
};

/** Reads one child node of a domain: a module, or something that is not supported yet. */
void config_read_child(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                       struct config_cells cells);

/** Reads the string @p name of a command line. @return false where it is no string or too long (reported as an error)
 */
bool config_read_bootargs(struct config_reader *reader, struct domain_config *domain, struct dt_node node,
                          const char **bootargs);

/** Makes @p domain the hardware domain; reports about @p node where that cannot be. */
void config_make_hardware(struct config_reader *reader, struct domain_config *domain, struct dt_node node);
/** Reads a boot module directly below /chosen. */
void config_read_dom0_module(struct config_reader *reader, struct dt_node node);
/** What else makes up the domain of these modules, when all have been read. */
void config_finish_dom0(struct config_reader *reader);
/** Warns where the command line of @p domain names a console that it does not have. */
void config_check_console(struct config_reader *reader, const struct domain_config *domain);
/** Adds a domain to the configuration. @return NULL where there is no room; reported */
struct domain_config *config_add_domain(struct config_reader *reader, struct dt_node node, const char *name);

/** Whether a node directly below /chosen is a boot module of a dom0. */
bool config_is_dom0_module(struct dt_node node);
bool config_is_kernel(struct dt_node node);

#endif
