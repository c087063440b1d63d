/* SPDX-License-Identifier: Apache-2.0 */
/* What the groups of checks share. */
#ifndef BULKHEAD_SEAM_H
#define BULKHEAD_SEAM_H

#include "lib/types.h"

/** Counts a check; a failed one is printed with its place. */
void seam_check(bool passed, const char *what, const char *file, int line);

#define CHECK(condition) seam_check((condition), #condition, __FILE__, __LINE__)
/** Compares two numbers and prints both where they differ. */
#define CHECK_EQUAL(found, expected)                                                                                   \
    seam_check_equal((uint64_t)(found), (uint64_t)(expected), #found, __FILE__, __LINE__)
void seam_check_equal(uint64_t found, uint64_t expected, const char *what, const char *file, int line);

/** RAM of the board that nobody uses, 2 MiB aligned, SEAM_SCRATCH_SIZE bytes. */
pa_t seam_scratch(void);
#define SEAM_SCRATCH_SIZE MIB(16)

/** A reproducible sequence. */
uint64_t seam_random(void);

/** The groups. */
void seam_strings(void);
void seam_checksums(void);
void seam_caches(void);
void seam_windows(void);
void seam_maps(void);
void seam_guests(void);
void seam_registers(void);
void seam_time(void);
void seam_cpus(void);

/** What the second CPU does in seam_cpus(). */
void seam_second_cpu(unsigned cpu);

/** Does @p what, which must end in a panic. Returns if it does not, or is not known. */
void seam_fault(const char *what);

#endif
