/* SPDX-License-Identifier: Apache-2.0 */
/* The bus master of hostsim as software sees it: its registers and descriptors (arch/hostsim/devices/bus_master.c). */
#ifndef BULKHEAD_GUEST_BUS_MASTER_H
#define BULKHEAD_GUEST_BUS_MASTER_H

#define BM_ID 0x00
#define BM_CONTROL 0x04
#define BM_STATUS 0x08
#define BM_RING_LOW 0x10
#define BM_RING_HIGH 0x14
#define BM_SIZE 0x18
#define BM_TAIL 0x1c
#define BM_HEAD 0x20
#define BM_EVENTS 0x24
#define BM_MASK 0x28
#define BM_DONE 0x2c

#define BM_ID_VALUE 0x424d0001u
#define BM_RUNS 1u
#define BM_RESET 2u
#define BM_BUSY 1u
#define BM_STOPPED 2u
#define BM_EVENT_DONE 1u

/* A descriptor: 64 bits of source, then of destination, 32 of length, of flags, and of what the device writes back. */
#define BM_DESCRIPTOR 32 /* bytes */
#define BM_SOURCE 0
#define BM_DESTINATION 8
#define BM_LENGTH 16
#define BM_FLAGS 20
#define BM_WRITTEN 24
#define BM_FLAG_EVENT 1u
#define BM_FLAG_PULSE 2u
#define BM_FLAG_FILL 4u

#endif
