/* SPDX-License-Identifier: Apache-2.0 */
/* The version, in one place for the hypervisor and the host command. */
#ifndef BULKHEAD_BOOT_VERSION_H
#define BULKHEAD_BOOT_VERSION_H

#define HV_VERSION "0.1.0"

#endif
