/* SPDX-License-Identifier: Apache-2.0 */
/* What the guests measure: numbers of windows of bench/qemu/stopwatch.c. Read by assembly, by C, and by bench/lab.py,
 * which takes names and descriptions from here. */
#define OP_HVC 1            /* hvc: HVC PSCI_VERSION */
#define OP_TYPER 2          /* gicd-typer: GICD_TYPER read */
#define OP_ENABLED 3        /* gicd-isenabler-read: GICD_ISENABLER1 read */
#define OP_ENABLE_NOTHING 4 /* gicd-isenabler-zero: GICD_ISENABLER1 write of 0 */
#define OP_ENABLE 5         /* gicd-isenabler-one: GICD_ISENABLER1 write of one bit */
#define OP_GICR_TYPER 6     /* gicr-typer: GICR_TYPER read */
#define OP_ID_REGISTER 7    /* id-register: ID_AA64ISAR0_EL1 read */
#define OP_UART_STATUS 8    /* vpl011-status: vpl011 status read */
#define OP_UART_CHARACTER 9 /* vpl011-character: vpl011 character write (worst: the end of a line of 32) */
#define OP_SELF_SGI 10      /* self-sgi: self SGI to its end */
#define OP_TIMER 11         /* timer: virtual timer to the handler */
#define OP_TIMER_END 12     /* timer-end: virtual timer, its end included */
#define OP_TIMER_WFI 13     /* timer-wfi: wake from WFI by the virtual timer, to the handler */
#define OP_IPI 14           /* ipi: IPI to an idle vCPU's handler */
#define OP_CPU_ON 15        /* cpu-on: CPU_ON to the first instruction */
#define OP_TOUCH 16         /* first-touch: first touch of a 2 MiB block */
#define OP_RESET 17         /* reset: SYSTEM_RESET to the first instruction, 128 MiB domain */
#define OP_SLICE 18         /* switch-slice: switch between vCPUs of two domains, end of a slice */
#define OP_YIELD 19         /* switch-wfi: switch between vCPUs of two domains, WFI */
#define OP_TIMER_AGAIN 20   /* timer-again: virtual timer whose handler ends it before it stops the timer, both ends */
#define OP_DEVICE 21        /* device: interrupt of an assigned device to the handler */
#define OP_DEVICE_END 22    /* device-end: interrupt of an assigned device, its end included */
#define OP_DEVICE_WFI 23    /* device-wfi: wake from WFI by an assigned device, to the handler */
#define OP_DEVICE_OTHER 24  /* device-other: the same to an idle vCPU's handler on another CPU */
