/* SPDX-License-Identifier: Apache-2.0 */
/* A board with devices, as text for support/dts.h: what partial device trees are tried against. */
#ifndef BULKHEAD_TESTS_UNIT_PARTS_BOARD_H
#define BULKHEAD_TESTS_UNIT_PARTS_BOARD_H

#define BOARD_CPUS                                                                                                     \
    "cpus { #address-cells = <1>; #size-cells = <0>;"                                                                  \
    " cpu@0 { device_type = \"cpu\"; compatible = \"arm,cortex-a53\"; reg = <0>; enable-method = \"psci\"; };"         \
    " cpu@1 { device_type = \"cpu\"; compatible = \"arm,cortex-a53\"; reg = <1>; enable-method = \"psci\"; }; };"      \
    "psci { compatible = \"arm,psci-1.0\"; method = \"smc\"; };"                                                       \
    "timer { compatible = \"arm,armv8-timer\";"                                                                        \
    " interrupts = <1 13 0xf08 1 14 0xf08 1 11 0xf08 1 10 0xf08>; };"
#define BOARD_GICV2                                                                                                    \
    "intc@8000000 { compatible = \"arm,cortex-a15-gic\"; #interrupt-cells = <3>; interrupt-controller;"                \
    " phandle = <1>; interrupts = <1 9 4>;"                                                                            \
    " reg = <0 0x8000000 0 0x10000 0 0x8010000 0 0x10000 0 0x8030000 0 0x10000 0 0x8040000 0 0x10000>; };"
#define BOARD_GICV3                                                                                                    \
    "intc@8000000 { compatible = \"arm,gic-v3\"; #interrupt-cells = <3>; interrupt-controller;"                        \
    " phandle = <1>; interrupts = <1 9 4>; reg = <0 0x8000000 0 0x10000 0 0x80a0000 0 0x40000>; };"
/* Each device is there for the rule that it is an example of. */
#define BOARD_DEVICES                                                                                                  \
    "pl011@9000000 { compatible = \"arm,pl011\", \"arm,primecell\"; reg = <0 0x9000000 0 0x1000>;"                     \
    " interrupts = <0 1 4>; };"                                                                                        \
    "axi { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x10000000 "            \
    "0x10000000>;"                                                                                                     \
    " rtc@10000 { reg = <0x10000 0x1000>; interrupts = <0 2 4>; };"                                                    \
    " edge@20000 { reg = <0x20000 0x1000>; interrupts = <0 5 1>; };"                                                   \
    " meeting@30000 { reg = <0x30000 0x1000 0x31000 0x1000>; interrupts = <0 6 4 0 6 4 0 8 4>; };"                     \
    " wrapper@40000 { reg = <0x40000 0x1000>; #address-cells = <1>; #size-cells = <1>; ranges;"                        \
    " core@41000 { reg = <0x41000 0x1000>; interrupts = <0 9 4>; }; };"                                                \
    " private@50000 { reg = <0x50000 0x1000>; interrupts = <1 3 4>; };"                                                \
    " gpio@60000 { reg = <0x60000 0x1000>; interrupt-controller; #interrupt-cells = <2>; phandle = <2>; };"            \
    " button@70000 { reg = <0x70000 0x1000>; interrupt-parent = <2>; interrupts = <3 1>; };"                           \
    " mixed@80000 { reg = <0x80000 0x1000>; interrupts-extended = <2 3 1 1 0 7 4 2 4 1>; };"                           \
    " part@90800 { reg = <0x90800 0x100>; };"                                                                          \
    " part@90a00 { reg = <0xa0000 0x1000 0x90a00 0x100>; };"                                                           \
    " large@400000 { reg = <0x400000 0x800000>; };"                                                                    \
    " late@b0000 { reg = <0xb0000 0x1000>; interrupts = <0 200 4>; };"                                                 \
    " last@c0000 { reg = <0xc0000 0x1000>; interrupts = <0 987 4>; };"                                                 \
    " damaged@d0000 { reg = <0xd0000 0x1000>; interrupts = <0 2>; };"                                                  \
    " console@e0000 { reg = <0xe0000 0x1000>; interrupts = <0 0 4>; };"                                                \
    " serial@f0000 { reg = <0xf0000 0x1000>; interrupts = <0 1 4>; }; };"

/* A bus in a partial tree, and in it the nodes that a test is about. */
#define PASSTHROUGH(nodes)                                                                                             \
    "passthrough { compatible = \"simple-bus\"; ranges; #address-cells = <2>; #size-cells = <1>; " nodes " };"
#define RTC                                                                                                            \
    "rtc@10010000 { interrupt-parent = <0xfde8>; interrupts = <0 2 4>; xen,path = \"/axi/rtc@10000\";"                 \
    " xen,reg = <0 0x10010000 0x1000 0 0x10010000>; };"

#endif
