// SPDX-License-Identifier: Apache-2.0
/* QEMU's xlnx-zcu102 has no PMU, the microcontroller whose firmware TF-A asks for everything that concerns power,
 * clocks and resets (Xilinx UG1137 chapter 11, UG1085 chapter 6). This file answers in its place. boot_chain.sh
 * compiles it into TF-A instead of plat/xilinx/common/pm_service/pm_ipi.c, which would put the same questions into the
 * PMU's mailbox. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lib/mmio.h>
#include <zynqmp_def.h>

#include "pm_ipi.h"

#include "pm_api_sys.h"
#include "pm_client.h"

/* Two words at the beginning of the on-chip memory, written by QEMU's command line before the first instruction: the
 * boot mode pins, and whether CPUs come up. Read once, while the MMU is off: afterwards TF-A does not map them. */
#define SWITCHES 0xfffc0000u
#define NO_WAKE_UP 1u

#define RVBAR(cpu) (APU_RVBAR_L_0 + 8u * (cpu))

#define SEMIHOSTING_EXIT 0x20u
#define APPLICATION_EXIT 0x20026u

static uint32_t boot_mode;
static bool wakes_up;

/* What of the SoC TF-A has mapped: plat_arm_mmap of zynqmp_common.c. */
static bool is_mapped(uint32_t address)
{
    return address - DEVICE0_BASE < DEVICE0_SIZE || address - CRF_APB_BASE < CRF_APB_SIZE;
}

static enum pm_ret_status read_register(uint32_t address, uint32_t *value)
{
    static bool switches_read;

    if (address == CRL_APB_BOOT_MODE_USER && !switches_read) {
        switches_read = true;
        boot_mode = mmio_read_32(SWITCHES);
        wakes_up = (mmio_read_32(SWITCHES + 4) & NO_WAKE_UP) == 0;
    }
    if (!is_mapped(address))
        return PM_RET_ERROR_ACCESS;
    *value = address == CRL_APB_BOOT_MODE_USER ? boot_mode : mmio_read_32(address);
    return PM_RET_SUCCESS;
}

static enum pm_ret_status write_register(uint32_t address, uint32_t mask, uint32_t value)
{
    if (!is_mapped(address))
        return PM_RET_ERROR_ACCESS;
    mmio_clrsetbits_32(address, mask, value & mask);
    return PM_RET_SUCCESS;
}

/* The CPU leaves its reset at @entry, at EL3. */
static enum pm_ret_status wake_up(uint32_t node, uint64_t entry)
{
    uint32_t cpu = node - NODE_APU_0;
    uint32_t resets = (CRF_APB_RST_FPD_APU_ACPU_RESET | CRF_APB_RST_FPD_APU_ACPU_PWRON_RESET) << cpu;

    if (cpu >= 4 || !wakes_up)
        return PM_RET_ERROR_INVALID_NODE;
    mmio_write_64(RVBAR(cpu), entry & ~1ull); /* bit 0 says that there is an address */
    mmio_setbits_32(CRF_APB_RST_FPD_APU, resets);
    mmio_clrbits_32(CRF_APB_RST_FPD_APU, resets);
    return PM_RET_SUCCESS;
}

/* The machine ends as a board does that is switched off: QEMU leaves, where it was given -semihosting. */
static enum pm_ret_status shut_down(void)
{
    static const uint64_t reason[] = {APPLICATION_EXIT, 0};
    register uint64_t operation __asm__("x0") = SEMIHOSTING_EXIT;
    register const uint64_t *parameter __asm__("x1") = reason;

    __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(parameter) : "memory");
    return PM_RET_SUCCESS;
}

static enum pm_ret_status answer(const uint32_t *request, uint32_t *value)
{
    switch (request[0]) {
    case PM_GET_API_VERSION:
        value[0] = PM_VERSION;
        return PM_RET_SUCCESS;
    case PM_MMIO_READ:
        return read_register(request[1], value);
    case PM_MMIO_WRITE:
        return write_register(request[1], request[2], request[3]);
    case PM_GET_NODE_STATUS:
        if (!wakes_up && request[1] > NODE_APU_0 && request[1] <= NODE_APU_3)
            return PM_RET_ERROR_INVALID_NODE; /* the answer to a wake-up is not looked at */
        value[0] = PM_PROC_STATE_FORCEDOFF;
        return PM_RET_SUCCESS;
    case PM_REQ_WAKEUP:
        return wake_up(request[1], (uint64_t)request[3] << 32 | request[2]);
    case PM_SYSTEM_SHUTDOWN:
        return shut_down();
    case PM_SET_CONFIGURATION:
        return PM_RET_ERROR_ACCESS; /* there is one already */
    case PM_SELF_SUSPEND:
    case PM_REQ_NODE:
    case PM_RELEASE_NODE:
    case PM_SET_REQUIREMENT:
    case PM_RESET_ASSERT: /* of devices that have no reset line in QEMU */
        return PM_RET_SUCCESS;
    default:
        return PM_RET_ERROR_NOTSUPPORTED;
    }
}

enum pm_ret_status pm_ipi_send_sync(const struct pm_proc *proc, uint32_t payload[PAYLOAD_ARG_CNT], uint32_t *value,
                                    size_t count)
{
    uint32_t values[PAYLOAD_ARG_CNT] = {0};
    enum pm_ret_status status = answer(payload, values);

    for (size_t i = 0; i < count && i < PAYLOAD_ARG_CNT; i++)
        value[i] = values[i];
    return status;
}

enum pm_ret_status pm_ipi_send(const struct pm_proc *proc, uint32_t payload[PAYLOAD_ARG_CNT])
{
    return pm_ipi_send_sync(proc, payload, NULL, 0);
}

enum pm_ret_status pm_ipi_send_non_blocking(const struct pm_proc *proc, uint32_t payload[PAYLOAD_ARG_CNT])
{
    return pm_ipi_send_sync(proc, payload, NULL, 0);
}

/* The PMU never calls back. */
void pm_ipi_init(const struct pm_proc *proc)
{
}

void pm_ipi_irq_enable(const struct pm_proc *proc)
{
}

void pm_ipi_irq_clear(const struct pm_proc *proc)
{
}

void pm_ipi_buff_read_callb(uint32_t *value, size_t count)
{
}

uint32_t pm_ipi_irq_status(const struct pm_proc *proc)
{
    return 0;
}
