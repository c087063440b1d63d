/* SPDX-License-Identifier: Apache-2.0 */
/* Errors are values. */
#ifndef BULKHEAD_LIB_STATUS_H
#define BULKHEAD_LIB_STATUS_H

/** What a function that can fail returns. Must be checked; where a user caused the error, a diagnostic names the place.
 */
typedef enum hv_status {
    HV_OK = 0,
    HV_E_INVALID,     /* an argument or property has a value that makes no sense */
    HV_E_MISSING,     /* what was looked up does not exist */
    HV_E_RANGE,       /* outside the permitted range, or it wraps */
    HV_E_OVERLAP,     /* two things claim one range */
    HV_E_NOMEM,       /* memory, table or pool exhausted */
    HV_E_FULL,        /* a fixed-size container is full */
    HV_E_FORMAT,      /* data is not of the format expected, or damaged */
    HV_E_UNSUPPORTED, /* well formed, but not implemented */
    HV_E_BUSY,        /* in use by another owner */
    HV_E_DENIED,      /* not permitted to this caller */
} hv_status;

#define HV_CHECK __attribute__((warn_unused_result))

/** @return the status as a short English phrase, never NULL. */
const char *hv_status_name(hv_status status);

/** Leaves the calling function with the status of @p expression unless it is HV_OK. */
#define HV_TRY(expression)                                                                                             \
    do {                                                                                                               \
        hv_status hv_try_status = (expression);                                                                        \
        if (hv_try_status != HV_OK)                                                                                    \
            return hv_try_status;                                                                                      \
    } while (0)

#endif
